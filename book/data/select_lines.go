// Lines beside ticks in real Go: a goroutine reads the lines of a body and sends them, main selects between them and a
// clock that ticks three times, each time while half a line or nothing has been read. Prints the lines, and the goroutines
// that are left, main included: when all was read, and when main stops receiving at the first tick and closes the body,
// with a reader that only sends, and with one that also looks at a channel `done`.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): go build -o lines select_lines.go && ./lines
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
	"strings"
	"sync/atomic"
	"time"
)

var pieces = []string{"alpha\nbr", "avo\n", "charlie\nde", "lta\n"}

func main() {
	if len(os.Args) > 1 {
		serve()
		return
	}
	server := exec.Command(os.Args[0], "serve")
	out, err := server.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Process.Kill()
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		panic(err)
	}
	addr = "http://" + strings.TrimSpace(addr)
	fmt.Println(runtime.Version())
	lines, left := read(addr, false, false)
	fmt.Println("lines:", strings.Join(lines, ", "), "left:", left)
	_, left = read(addr, true, false)
	fmt.Println("left at the first tick, left:", left)
	_, left = read(addr, true, true)
	fmt.Println("the same with done, left:", left)
}

// counted counts the bytes that were read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	atomic.AddInt64(&c.n, int64(n))
	return n, err
}

func read(addr string, leave, withDone bool) ([]string, int) {
	before := runtime.NumGoroutine()
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	resp, err := client.Get(addr)
	if err != nil {
		panic(err)
	}
	body := &counted{Reader: resp.Body}
	lines, done := make(chan string), make(chan struct{})
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(body)
		for scanner.Scan() {
			if !withDone {
				lines <- scanner.Text()
				continue
			}
			select {
			case lines <- scanner.Text():
			case <-done:
				return
			}
		}
	}()
	ticks := make(chan struct{})
	go func() {
		read := 0
		for _, piece := range pieces[:3] {
			read += len(piece)
			for atomic.LoadInt64(&body.n) < int64(read) {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(20 * time.Millisecond)
			select {
			case ticks <- struct{}{}:
			case <-done:
				return
			}
		}
	}()
	var got []string
loop:
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				break loop
			}
			got = append(got, line)
		case <-ticks:
			if leave {
				// Long enough for the reader to have the next line in its hand.
				time.Sleep(500 * time.Millisecond)
				break loop
			}
		}
	}
	close(done)
	resp.Body.Close()
	transport.CloseIdleConnections()
	time.Sleep(300 * time.Millisecond)
	return got, runtime.NumGoroutine() - before + 1
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(strings.Join(pieces, "")))
			for _, piece := range pieces {
				io.WriteString(conn, piece)
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}
}
