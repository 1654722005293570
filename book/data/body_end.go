// Where a body ends: six GETs, sequential, to a server that decides which bytes travel together. Prints what Go settles
// at: goroutines, main included, and connections that the server accepted.
//
//	go run body_end.go serve         prints its address and serves until it is stopped
//	go run body_end.go ADDR ROW      a row of body_end.toml
//
// body_end.toml has the outcomes of ten runs for each row and version, each in a process of its own, in a module whose
// go.mod names that version.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Paths: /length/N, /together/N (chunked, one write), /later/N (chunked, the end mark 30 ms after the data), and
// /json/N (a Content-Length body: N bytes of JSON and a newline). /accepted answers with the number of connections so far.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr())
	for accepted := 1; ; accepted++ {
		conn, err := listener.Accept()
		must(err)
		go answer(conn, accepted)
	}
}

func answer(conn net.Conn, accepted int) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		kind, number, _ := strings.Cut(request.URL.Path[1:], "/")
		n, _ := strconv.Atoi(number)
		data := strings.Repeat("x", n)
		const head = "HTTP/1.1 200 OK\r\n"
		chunk := fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, n, data)
		switch kind {
		case "length":
			fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n%s", head, n, data)
		case "together":
			io.WriteString(conn, chunk+"0\r\n\r\n")
		case "later":
			io.WriteString(conn, chunk)
			time.Sleep(30 * time.Millisecond)
			io.WriteString(conn, "0\r\n\r\n")
		case "json":
			fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n{\"a\":\"%s\"}\n", head, n+1, strings.Repeat("x", n-8))
		case "accepted":
			text := strconv.Itoa(accepted)
			fmt.Fprintf(conn, "%sConnection: close\r\nContent-Length: %d\r\n\r\n%s", head, len(text), text)
			return
		}
	}
}

// What each row asks for, and how it treats the body.
var rows = map[string]struct {
	path  string
	treat func(body io.ReadCloser)
}{
	"length_exact":     {"/length/100000", exactly(100_000)},
	"length_one_less":  {"/length/100000", exactly(99_999)},
	"together_13":      {"/together/13", exactly(13)},
	"together_100000":  {"/together/100000", exactly(100_000)},
	"later_13":         {"/later/13", exactly(13)},
	"later_one_more":   {"/later/13", exactly(14)},
	"json_100":         {"/json/100", decode},
	"json_511":         {"/json/511", decode},
	"json_512":         {"/json/512", decode},
	"json_513":         {"/json/513", decode},
	"json_1536":        {"/json/1536", decode},
	"json_512_drained": {"/json/512", decodeAndDrain},
}

func exactly(n int) func(io.ReadCloser) {
	return func(body io.ReadCloser) { io.ReadFull(body, make([]byte, n)) }
}

func decode(body io.ReadCloser) {
	var value map[string]string
	must(json.NewDecoder(body).Decode(&value))
	must(body.Close())
	time.Sleep(10 * time.Millisecond)
}

func decodeAndDrain(body io.ReadCloser) {
	var value map[string]string
	must(json.NewDecoder(body).Decode(&value))
	_, err := io.CopyN(io.Discard, body, 4096)
	if err != io.EOF {
		must(err)
	}
	must(body.Close())
	time.Sleep(10 * time.Millisecond)
}

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	addr, row := os.Args[1], rows[os.Args[2]]
	if os.Args[2] == "reads" {
		reads(addr)
		return
	}
	before := accepted(addr)
	for i := 0; i < 6; i++ {
		response, err := http.Get("http://" + addr + row.path)
		must(err)
		row.treat(response.Body)
	}
	time.Sleep(300 * time.Millisecond)
	left := runtime.NumGoroutine()
	fmt.Printf("%d/%d\n", left, accepted(addr)-before-1)
}

// The row "reads": what the reads of io.ReadAll return for a body of 13 bytes, and then one read more.
func reads(addr string) {
	response, err := http.Get("http://" + addr + "/length/13")
	must(err)
	told := &teller{response.Body}
	_, err = io.ReadAll(told)
	must(err)
	told.Read(make([]byte, 1))
}

type teller struct{ io.Reader }

func (t *teller) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	fmt.Printf("Read: %d, %v\n", n, err)
	return n, err
}

// Asks over a connection of its own.
func accepted(addr string) int {
	conn, err := net.Dial("tcp", addr)
	must(err)
	defer conn.Close()
	io.WriteString(conn, "GET /accepted HTTP/1.1\r\nHost: x\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(err)
	text, err := io.ReadAll(response.Body)
	must(err)
	n, err := strconv.Atoi(string(text))
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
