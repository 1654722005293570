// A connection dies under a request: is the request sent again? Twelve requests and five moments, then one GET with six
// dying connections in the pool. Prints, line by line, `again` or the end of the error.
// Run: go run retries.go
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

type asked struct {
	method, body string
	key          bool
}

var all = []asked{
	{"GET", "", false}, {"HEAD", "", false}, {"OPTIONS", "", false}, {"TRACE", "", false}, {"DELETE", "", false},
	{"PUT", "body", false}, {"POST", "body", false}, {"POST", "body", true}, {"POST", "reader", false},
	{"POST", "reader", true}, {"POST", "reader, GetBody", true}, {"GET", "reader", false},
}

var deaths = []string{"new", "unwritten", "closed", "reset", "one byte"}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

func main() {
	fmt.Printf("[%q]\n", runtime.Version()[2:])
	for _, a := range all {
		name := a.method
		if a.body != "" {
			name += ", " + a.body
		}
		if a.key {
			name += ", key"
		}
		fmt.Printf("%q = [", name)
		for i, death := range deaths {
			first := cell(a, death)
			for range [9]int{} {
				if again := cell(a, death); again != first {
					first += " | " + again
				}
			}
			if i > 0 {
				fmt.Print(", ")
			}
			fmt.Printf("%q", first)
		}
		fmt.Println("]")
	}
	fmt.Printf("tries = %d\n", tries(6))
}

// serve follows one script per connection; the last one serves all later ones.
func serve(scripts ...func(net.Conn, *bufio.Reader)) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			script := scripts[min(n, len(scripts)-1)]
			go func() {
				script(conn, bufio.NewReader(conn))
				conn.Close()
			}()
		}
	}()
	return listener
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func read(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

func answer(c net.Conn, r *bufio.Reader) bool {
	if !read(r) {
		return false
	}
	io.WriteString(c, ok)
	return true
}

func forever(c net.Conn, r *bufio.Reader) {
	for answer(c, r) {
	}
}

func cell(a asked, death string) string {
	var counted atomic.Int64
	first := func(c net.Conn, r *bufio.Reader) {
		switch death {
		case "new":
			read(r)
		case "unwritten":
			forever(c, r)
		case "closed":
			answer(c, r)
			read(r)
		case "reset":
			answer(c, r)
			read(r)
			c.(*net.TCPConn).SetLinger(0)
		case "one byte":
			answer(c, r)
			read(r)
			io.WriteString(c, "H")
		}
	}
	listener := serve(first, func(c net.Conn, r *bufio.Reader) { counted.Add(1); forever(c, r) })
	defer listener.Close()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	if death == "unwritten" {
		dials := 0
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if dials++; dials == 1 && err == nil {
				return &oneWrite{Conn: conn}, nil
			}
			return conn, err
		}
	}
	url := "http://" + listener.Addr().String() + "/"
	if death != "new" {
		get(client, url)
	}
	var body io.Reader
	switch a.body {
	case "body":
		body = strings.NewReader("order 66")
	case "reader", "reader, GetBody":
		body = io.MultiReader(strings.NewReader("order 66"))
	}
	req, err := http.NewRequest(a.method, url, body)
	check(err)
	if strings.HasPrefix(a.body, "reader") {
		req.ContentLength = 8
	}
	if a.body == "reader, GetBody" {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("order 66")), nil }
	}
	if a.key {
		req.Header.Set("Idempotency-Key", "order-66")
	}
	resp, err := client.Do(req)
	if err != nil {
		words := strings.Split(err.Error(), ": ")
		return words[len(words)-1]
	}
	resp.Body.Close()
	if counted.Load() != 1 {
		return "answered on the old connection"
	}
	return "again"
}

// oneWrite is a connection on which nothing can be written after the first write.
type oneWrite struct {
	net.Conn
	written bool
}

func (c *oneWrite) Write(p []byte) (int, error) {
	if c.written {
		return 0, syscall.EPIPE
	}
	c.written = true
	return c.Conn.Write(p)
}

func tries(idle int) int {
	var requests atomic.Int64
	listener := serve(func(c net.Conn, r *bufio.Reader) {
		for n := 0; n < 2 && read(r); n++ {
			requests.Add(1)
			if n == 0 {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			}
		}
	})
	defer listener.Close()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idle
	client := &http.Client{Transport: transport}
	url := "http://" + listener.Addr().String() + "/"
	var open []*http.Response
	for i := 0; i < idle; i++ {
		resp, err := client.Get(url)
		check(err)
		open = append(open, resp)
	}
	for _, resp := range open {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	time.Sleep(100 * time.Millisecond)
	before := requests.Load()
	get(client, url)
	return int(requests.Load() - before)
}

func get(client *http.Client, url string) {
	resp, err := client.Get(url)
	check(err)
	_, err = io.Copy(io.Discard, resp.Body)
	check(err)
	resp.Body.Close()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
