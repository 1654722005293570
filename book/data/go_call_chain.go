// How often each function of the chain runs in real Go, by Go's own coverage counters, for chapter 3.
//
// In a module of its own, whose go.mod says `go 1.27`:
//
//	go build -cover -covermode=count -coverpkg=net/http,. -o call_chain .
//	mkdir DIR && GOCOVERDIR=$PWD/DIR ./call_chain ROW
//	go tool covdata textfmt -i=DIR -o=counts.txt
//
// A function ran as often as its first block: in counts.txt the first line of its file that does not start before the
// function does (its last number is the count). ROW is one of the names in the switch below. The program prints how many
// goroutines are left and how many connections its server accepted. The server is a process of its own, so that neither
// its goroutines nor its calls are counted.
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
	"time"
)

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	server := exec.Command(os.Args[0], "serve")
	server.Env = []string{"GOCOVERDIR=" + os.TempDir()}
	stdin, err := server.StdinPipe()
	check(err)
	stdout, err := server.StdoutPipe()
	check(err)
	check(server.Start())
	lines := bufio.NewReader(stdout)
	addr, err := lines.ReadString('\n')
	check(err)
	base := "http://" + strings.TrimSpace(addr)

	var transports []*http.Transport
	before := runtime.NumGoroutine()
	switch os.Args[1] {
	case "none":
		for range 6 {
			get(http.DefaultClient, base+"/")
		}
	case "transport_each":
		for range 6 {
			transports = append(transports, &http.Transport{})
			get(&http.Client{Transport: transports[len(transports)-1]}, base+"/")
		}
	case "client_each":
		for range 6 {
			get(&http.Client{}, base+"/")
		}
	case "redirects":
		get(http.DefaultClient, base+"/5")
	case "hang_up":
		for range 5 {
			get(http.DefaultClient, base+"/hang_up")
		}
	case "nobody":
		for range 6 {
			get(http.DefaultClient, "http://127.0.0.1:1/")
		}
	case "bad_url":
		for range 6 {
			get(http.DefaultClient, "http://[::1")
		}
	default:
		panic("no such row")
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Println("goroutines:", 1+runtime.NumGoroutine()-before)
	runtime.KeepAlive(transports)
	check(stdin.Close())
	accepted, err := lines.ReadString('\n')
	check(err)
	fmt.Print("connections: ", accepted)
	check(server.Wait())
}

func get(client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = io.ReadAll(response.Body)
	check(err)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// serve answers until its standard input is closed.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	accepted := make(chan int)
	go func() {
		for count := 0; ; count++ {
			conn, err := listener.Accept()
			if err != nil {
				accepted <- count
				return
			}
			go answer(conn, count == 0)
		}
	}()
	_, err = io.ReadAll(os.Stdin)
	check(err)
	check(listener.Close())
	fmt.Println(<-accepted)
}

func answer(conn net.Conn, first bool) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for served := 0; ; served++ {
		path := ""
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if path == "" {
				path = strings.Fields(line)[1]
			}
			if line == "\r\n" {
				break
			}
		}
		switch {
		case path == "/hang_up" && first && served == 1:
			return
		case path >= "/1" && path <= "/5":
			next := string(path[1] - 1)
			if next == "0" {
				next = ""
			}
			fmt.Fprintf(conn, "HTTP/1.1 302 Found\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n", next)
		default:
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!")
		}
	}
}
