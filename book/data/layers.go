// The limits of lab A, asked of real Go: what each says to its caller, and how many goroutines are left, main included.
// A limit is in milliseconds here where Go's default is in seconds. Each row in a process of its own:
//
//	go run layers.go ROW
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`).
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A server whose connections all do the same. It is another process's in earnest; its goroutines are counted before.
func serve(head string) (addr string, alive func() int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := 0
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			served++
			go func() {
				buf := make([]byte, 4096)
				conn.Read(buf)
				io.WriteString(conn, head)
				io.Copy(io.Discard, conn)
				conn.Close()
				served--
			}()
		}
	}()
	return l.Addr().String(), func() int { return 1 + served }
}

func main() {
	const limit = 200 * time.Millisecond
	row := os.Args[1]
	tr := &http.Transport{}
	client := &http.Client{Transport: tr}
	ctx := context.Background()
	head, method, scheme, body := "", "GET", "http", io.Reader(nil)
	half := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
	// Go's own dialer, to a port that swallows what it is sent.
	silent := func(timeout time.Duration) func(context.Context, string, string) (net.Conn, error) {
		deaf := deafPort()
		return func(ctx context.Context, network, _ string) (net.Conn, error) {
			d := &net.Dialer{Timeout: timeout}
			return d.DialContext(ctx, network, deaf)
		}
	}
	switch row {
	case "dial":
		tr.DialContext = silent(limit)
	case "dial_client":
		tr.DialContext, client.Timeout = silent(2*time.Second), limit
	case "tls":
		tr.TLSHandshakeTimeout, scheme = limit, "https"
	case "expect":
		tr.ExpectContinueTimeout, method, body = limit, "POST", strings.NewReader("a big file")
	case "head":
		tr.ResponseHeaderTimeout = limit
	case "client_head":
		client.Timeout = limit
	case "ctx_head":
	case "client_body":
		client.Timeout, head = limit, half
	case "ctx_body":
		head = half
	case "idle":
		tr.IdleConnTimeout, head = limit, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	}
	addr, servers := serve(head)
	if row == "expect" {
		addr, servers = serveLate()
	}
	time.Sleep(50 * time.Millisecond)
	before := runtime.NumGoroutine() - 1
	if strings.HasPrefix(row, "ctx_") {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	req, _ := http.NewRequestWithContext(ctx, method, scheme+"://"+addr+"/", body)
	if row == "expect" {
		req.Header.Set("Expect", "100-continue")
	}
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	begun := time.Now()
	resp, err := client.Do(req)
	said := "no error"
	if err == nil {
		var data []byte
		data, err = io.ReadAll(resp.Body)
		said = fmt.Sprintf("%d bytes", len(data))
	}
	took := time.Since(begun)
	if err != nil {
		said += ", then: " + port.ReplaceAllString(err.Error(), "ADDR")
	}
	left := func() int { return runtime.NumGoroutine() - (before - 1) - servers() }
	time.Sleep(20 * time.Millisecond)
	at := left()
	time.Sleep(500 * time.Millisecond)
	fmt.Printf("%s %s: %.0f ms: left %d, half a second later %d: %s\n", runtime.Version(), row, float64(took.Milliseconds()/10*10), at, left(), said)
	if row == "dial_client" {
		time.Sleep(1500 * time.Millisecond)
		fmt.Println("  when the dial's own limit is over:", left())
	}
}

// A server that answers when the body is in, and never says 100.
func serveLate() (string, func() int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := 0
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			served++
			go func() {
				got := ""
				buf := make([]byte, 4096)
				for !strings.Contains(got, "a big file") {
					n, err := conn.Read(buf)
					if err != nil {
						break
					}
					got += string(buf[:n])
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
				io.Copy(io.Discard, conn)
				conn.Close()
				served--
			}()
		}
	}()
	return l.Addr().String(), func() int { return 1 + served }
}

// A port whose queue of connections is full: Linux throws further SYNs away, so a dial hears nothing.
func deafPort() string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		panic(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		panic(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		panic(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		panic(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for {
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		filling = append(filling, conn)
	}
}

// Kept, so that the queue stays full.
var filling []net.Conn
