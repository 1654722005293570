// Six sequential GETs over loopback whose responses nobody has any more. What is left when the garbage collector has run?
//
//	go run forgotten.go ROW        a row of forgotten.toml
//
// Prints goroutines, main included, and connections that the server accepted. The server is a second process, so that only
// the client's goroutines are counted.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// A body of 100,000 bytes for each request. The path /accepted is answered with the number of connections so far.
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
		text := strings.Repeat("x", 100_000)
		if request.URL.Path == "/accepted" {
			text = strconv.Itoa(accepted)
		}
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	}
}

// What is done with each response, and afterwards.
var rows = map[string]struct {
	treat func(response *http.Response)
	then  func()
}{
	"unread":                {forget, func() {}},
	"unread_collected":      {forget, collect},
	"unread_client_dropped": {forget, func() { client = nil; collect() }},
	"unread_idle_closed":    {forget, func() { client.CloseIdleConnections() }},
	"read":                  {read, func() {}},
	"read_collected":        {read, collect},
	"read_client_dropped":   {read, func() { client = nil; collect() }},
	"closed":                {close_, func() {}},
	"kept_last":             {keepLast, collect},
	// These print, before the count, the first line of the profile goroutineleak, which Go 1.19 does not have.
	"profile_client_kept":    {forget, profile},
	"profile_client_dropped": {forget, func() { client = nil; profile() }},
}

var last *http.Response

func forget(*http.Response)            {}
func read(response *http.Response)     { _, err := io.ReadAll(response.Body); must(err) }
func close_(response *http.Response)   { must(response.Body.Close()); time.Sleep(10 * time.Millisecond) }
func keepLast(response *http.Response) { last = response }

func collect() {
	runtime.GC()
	runtime.GC()
}

func profile() {
	time.Sleep(300 * time.Millisecond)
	found := pprof.Lookup("goroutineleak")
	if found == nil {
		fmt.Println("no such profile")
		return
	}
	var text strings.Builder
	must(found.WriteTo(&text, 1))
	first, _, _ := strings.Cut(text.String(), "\n")
	fmt.Println(first)
}

// Made in main: what a package variable is initialised with would be in the program's data, which is never collected.
var client *http.Client

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	server := exec.Command(os.Args[0], "serve")
	out, err := server.StdoutPipe()
	must(err)
	must(server.Start())
	defer server.Process.Kill()
	addr, err := bufio.NewReader(out).ReadString('\n')
	must(err)
	addr = strings.TrimSpace(addr)
	row := rows[os.Args[1]]
	client = &http.Client{Transport: &http.Transport{}}
	for i := 0; i < 6; i++ {
		response, err := client.Get("http://" + addr + "/")
		must(err)
		row.treat(response)
	}
	row.then()
	time.Sleep(300 * time.Millisecond)
	left := runtime.NumGoroutine()
	fmt.Printf("%d / %d\n", left, accepted(addr)-1)
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
