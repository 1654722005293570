// Asks one version of Go what becomes of a body that is closed early, and prints one line.
//
//	go run drain_story.go ROW
//
// The rows are in `rows` below. Six GETs, one after the other; "left / connections" is the number of goroutines 300 ms after
// the last step, main included, and the number of connections that the server accepted. The server is a process of its own.
//
//	go run -race drain_story.go swap            and -race with trailer_race: prints what the race detector finds
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

var rows = map[string]func() string{
	"closed_4096":        func() string { return closed("length/4096", 100*time.Millisecond) },
	"closed_1048576":     func() string { return closed("length/1048576", 100*time.Millisecond) },
	"length_262144":      func() string { return closed("length/262144", 100*time.Millisecond) },
	"length_262145":      func() string { return closed("length/262145", 100*time.Millisecond) },
	"chunks_262144":      func() string { return closed("chunks/262144", 100*time.Millisecond) },
	"chunks_262145":      func() string { return closed("chunks/262145", 100*time.Millisecond) },
	"end_after_30ms":     func() string { return closed("late/30", 150*time.Millisecond) },
	"end_after_200ms":    func() string { return closed("late/200", 150*time.Millisecond) },
	"failed_read":        func() string { return failedRead(false, false) },
	"failed_read_cancel": func() string { return failedRead(true, false) },
	"failed_read_close":  func() string { return failedRead(false, true) },
	"close_error":        closeError,
	"read_and_close":     readAndClose,
	"next_get":           nextGet,
	"trailer":            trailer,
	"close_takes":        closeTakes,
	"gives_up_close":     func() string { return givesUp("never_close") },
	"gives_up":           func() string { return givesUp("never_keep") },
	"server_close":       serverClose,
	"swap":               swap,
	"trailer_race":       trailerRace,
}

var (
	address  string
	accepted atomic.Int32
	client   = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		accepted.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}}
)

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	self, err := os.Executable()
	check(err)
	server := exec.Command(self, "serve")
	out, err := server.StdoutPipe()
	check(err)
	check(server.Start())
	defer server.Process.Kill()
	address, err = bufio.NewReader(out).ReadString('\n')
	check(err)
	address = strings.TrimSpace(address)
	fmt.Println(rows[os.Args[1]]())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func get(ctx context.Context, path string) *http.Response {
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/"+path, nil)
	check(err)
	response, err := client.Do(request)
	check(err)
	return response
}

func left() string {
	time.Sleep(300 * time.Millisecond)
	return fmt.Sprintf("%d / %d", runtime.NumGoroutine(), accepted.Load())
}

// Six bodies closed unread, with a pause after each.
func closed(path string, pause time.Duration) string {
	for i := 0; i < 6; i++ {
		get(context.Background(), path).Body.Close()
		time.Sleep(pause)
	}
	return left()
}

// Six bodies that break off. Each is read until its error.
func failedRead(cancelled, closed bool) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := 0; i < 6; i++ {
		response := get(ctx, "cut")
		if _, err := io.ReadAll(response.Body); err == nil {
			panic("the body did not break off")
		}
		if closed {
			response.Body.Close()
		}
	}
	if cancelled {
		cancel()
	}
	return left()
}

// What Close returns after a read has failed.
func closeError() string {
	response := get(context.Background(), "cut")
	io.ReadAll(response.Body)
	return fmt.Sprint(response.Body.Close())
}

// One goroutine reads and waits for the rest; another closes; then the rest comes. Does the read return?
func readAndClose() string {
	read, _ := readWhileClosing()
	select {
	case err := <-read:
		return fmt.Sprint("returned: ", err)
	case <-time.After(3 * time.Second):
		return "hangs"
	}
}

// The same, and two more GETs, each read to its end, with three seconds for each.
func nextGet() string {
	readWhileClosing()
	told := make([]string, 2)
	for i := range told {
		done := make(chan string, 1)
		go func() {
			response := get(context.Background(), "length/13")
			body, err := io.ReadAll(response.Body)
			done <- fmt.Sprintf("%d bytes, %v", len(body), err)
		}()
		select {
		case told[i] = <-done:
		case <-time.After(3 * time.Second):
			told[i] = "hangs"
		}
	}
	return strings.Join(told, "; ")
}

func readWhileClosing() (chan error, *http.Response) {
	response := get(context.Background(), "half")
	first := make([]byte, 6)
	_, err := io.ReadFull(response.Body, first)
	check(err)
	read := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(response.Body)
		read <- err
	}()
	time.Sleep(50 * time.Millisecond) // the read waits for bytes by now
	check(response.Body.Close())
	tell, err := net.Dial("tcp", address)
	check(err)
	fmt.Fprint(tell, "GET /rest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	io.ReadAll(tell)
	tell.Close()
	time.Sleep(150 * time.Millisecond)
	return read, response
}

// A trailer of a body that was closed unread: what the response has of it 100 ms later.
func trailer() string {
	response := get(context.Background(), "trailer")
	response.Body.Close()
	time.Sleep(100 * time.Millisecond)
	return fmt.Sprintf("%q", response.Trailer.Get("X-Sum"))
}

// How long Close takes when the end of the body never comes, in milliseconds.
func closeTakes() string {
	response := get(context.Background(), "never_keep")
	before := time.Now()
	response.Body.Close()
	return fmt.Sprintf("%d ms", time.Since(before).Milliseconds())
}

// When the connection is given up, in milliseconds after Close.
func givesUp(path string) string {
	response := get(context.Background(), path)
	before := time.Now()
	response.Body.Close()
	tell, err := net.Dial("tcp", address)
	check(err)
	fmt.Fprint(tell, "GET /until_gone HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	io.ReadAll(tell)
	return fmt.Sprintf("%d ms", time.Since(before).Milliseconds())
}

// What a handler's Close of a request's body returns, if it has read only half of it.
func serverClose() string {
	told := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 5))
		told <- r.Body.Close()
	}))
	defer server.Close()
	_, err := http.Post(server.URL, "text/plain", strings.NewReader("ten bytes."))
	check(err)
	return fmt.Sprint(<-told)
}

// Replaces a response after Close. For the race detector.
func swap() string {
	for i := 0; i < 100; i++ {
		response := get(context.Background(), "length/13")
		response.Body.Close()
		*response = http.Response{}
		time.Sleep(time.Millisecond)
	}
	return "done"
}

// Looks at the trailers after Close. For the race detector.
func trailerRace() string {
	for i := 0; i < 100; i++ {
		response := get(context.Background(), "trailer")
		response.Body.Close()
		for i := 0; i < 100; i++ {
			_ = response.Trailer.Get("X-Sum")
		}
	}
	return "done"
}

// The server.

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	rest, gone := make(chan bool, 1), make(chan bool, 1)
	for {
		conn, err := listener.Accept()
		check(err)
		go serveConn(conn, rest, gone)
	}
}

func serveConn(conn net.Conn, rest, gone chan bool) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		kind, argument, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
		var n int
		fmt.Sscan(argument, &n)
		switch kind {
		case "length":
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("a", n))
		case "chunks":
			out := bufio.NewWriter(conn)
			fmt.Fprint(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for n > 0 {
				size := 4096
				if n < size {
					size = n
				}
				fmt.Fprintf(out, "%x\r\n%s\r\n", size, strings.Repeat("a", size))
				n -= size
			}
			fmt.Fprint(out, "0\r\n\r\n")
			out.Flush()
		case "late": // the end comes n milliseconds after the rest
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			time.Sleep(time.Duration(n) * time.Millisecond)
			fmt.Fprint(conn, "0\r\n\r\n")
		case "cut":
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello,")
			return
		case "half":
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello,")
			<-rest
			fmt.Fprint(conn, " world!")
		case "rest":
			rest <- true
			return
		case "trailer":
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n")
		case "never_keep", "never_close":
			with := ""
			if kind == "never_close" {
				with = "Connection: close\r\n"
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n%s\r\nhello,", with)
			io.ReadAll(requests)
			gone <- true
			return
		case "until_gone":
			<-gone
			return
		}
	}
}
