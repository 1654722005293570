// Four bugs around a body with two owners, in real Go: what a caller sees. crates/client/src/impossible.rs has the programs
// in Rust, which do not compile.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): go run impossible.go hang|response|trailers|upload
// `response` changes nothing that a caller can see, so it is run with the race detector: go run -race impossible.go response
// No release has that bug. It is had by putting, in a copy of Go 1.27.2's transport.go, the look at resp.ContentLength in
// readLoop's case of a body that was closed early behind the send on eofc, where it stood for some days of development:
// go run -race -overlay overlay.json impossible.go response
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "hang":
		fmt.Printf("reads still out after two seconds: %d of %d\n", count(20, hang), 20)
	case "response":
		response(1000)
	case "trailers":
		fmt.Printf("trailers that came after the last look: %d of %d\n", count(20, trailers), 20)
	case "upload":
		fmt.Printf("uploads with bytes of the second message: %d of %d\n", count(20, upload), 20)
	}
}

// count runs a program so often, each with a transport and a server of its own, and counts those that say yes.
func count(runs int, program func() bool) int {
	yes := 0
	for i := 0; i < runs; i++ {
		if program() {
			yes++
		}
	}
	return yes
}

// hang is golang/go#81404: one goroutine reads a body, another one closes it, and the end of the body comes after that.
// Whether the read is still out two seconds later.
func hang() bool {
	end := make(chan struct{})
	url := serve(func(conn net.Conn, request *bufio.Reader) {
		if _, err := http.ReadRequest(request); err != nil {
			panic(err)
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		<-end
		io.WriteString(conn, "0\r\n\r\n")
		io.Copy(io.Discard, request)
	})
	resp := get(url)
	returned := make(chan struct{})
	go func() {
		resp.Body.Read(make([]byte, 1))
		close(returned)
	}()
	time.Sleep(20 * time.Millisecond) // the read waits for the server
	resp.Body.Close()
	close(end)
	select {
	case <-returned:
		return false
	case <-time.After(2 * time.Second):
		return true
	}
}

// response is golang/go#81510: the caller changes its response after its Close has returned. The race detector tells
// whether readLoop looked at it without an order between the two.
func response(runs int) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
	}))
	defer server.Close()
	for i := 0; i < runs; i++ {
		resp := get(server.URL)
		resp.Body.Close()
		resp.ContentLength = 0
	}
	fmt.Printf("responses changed after their Close: %d\n", runs)
}

// trailers is golang/go#81521: the caller closes a body unread and looks at its trailers, twice. Whether the second look
// finds what was not there at the first.
func trailers() bool {
	end := make(chan struct{})
	url := serve(func(conn net.Conn, request *bufio.Reader) {
		if _, err := http.ReadRequest(request); err != nil {
			panic(err)
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n")
		<-end
		io.WriteString(conn, "0\r\nX-Sum: 1234\r\n\r\n")
		io.Copy(io.Discard, request)
	})
	resp := get(url)
	resp.Body.Close()
	first := resp.Trailer.Get("X-Sum")
	close(end)
	time.Sleep(100 * time.Millisecond)
	second := resp.Trailer.Get("X-Sum")
	return first != second
}

// upload is golang/go#51907: the server answers early, Do returns, and the caller fills its buffer with the next message.
// Whether the server gets bytes of that one in the first.
func upload() bool {
	const size = 64 << 20
	returned := make(chan struct{})
	second := make(chan bool)
	url := serve(func(conn net.Conn, buffered *bufio.Reader) {
		request, err := http.ReadRequest(buffered)
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		<-returned
		found := false
		buffer := make([]byte, 64<<10)
		for {
			n, err := request.Body.Read(buffer)
			for _, b := range buffer[:n] {
				found = found || b == '2'
			}
			if err != nil {
				break
			}
		}
		second <- found
		conn.Close()
	})
	message := make([]byte, size)
	fill(message, '1')
	resp, err := (&http.Client{Transport: &http.Transport{}}).Post(url, "text/plain", &reader{message: message})
	if err != nil {
		panic(err)
	}
	fill(message, '2')
	close(returned)
	found := <-second
	resp.Body.Close()
	return found
}

// reader is a body that reads out of a buffer whose owner keeps it.
type reader struct {
	message []byte
	at      int
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at == len(r.message) {
		return 0, io.EOF
	}
	n := copy(p, r.message[r.at:])
	r.at += n
	return n, nil
}

func fill(buffer []byte, b byte) {
	for i := range buffer {
		buffer[i] = b
	}
}

func get(url string) *http.Response {
	resp, err := (&http.Client{Transport: &http.Transport{}}).Get(url)
	if err != nil {
		panic(err)
	}
	return resp
}

// serve serves one connection by hand.
func serve(talk func(net.Conn, *bufio.Reader)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		talk(conn, bufio.NewReader(conn))
	}()
	return "http://" + listener.Addr().String()
}
