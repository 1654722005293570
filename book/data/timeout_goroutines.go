// Client.Timeout with six bodies out, unread: how many goroutines, main included? Once with Go's own transport, and once with
// a RoundTripper that only passes on to it.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): go build -o timeout timeout_goroutines.go && ./timeout
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

const runs = 10

type wrapped struct{ http.RoundTripper }

func main() {
	switch {
	case len(os.Args) == 1:
		all()
	case os.Args[1] == "serve":
		serve()
	default:
		once(os.Args[1], os.Args[2])
	}
}

func all() {
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
	fmt.Println(runtime.Version())
	for _, who := range []string{"own", "wrapped"} {
		seen := map[string]int{}
		for i := 0; i < runs; i++ {
			said, err := exec.Command(os.Args[0], strings.TrimSpace(addr), who).Output()
			if err != nil {
				panic(err)
			}
			seen[strings.TrimSpace(string(said))]++
		}
		fmt.Println(who, seen)
	}
}

func serve() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, strings.NewReader(strings.Repeat("a", 100000)))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	http.Serve(l, nil)
}

func once(addr, who string) {
	client := &http.Client{Timeout: time.Minute}
	if who == "wrapped" {
		client.Transport = wrapped{http.DefaultTransport}
	}
	var unread []*http.Response
	for i := 0; i < 6; i++ {
		resp, err := client.Get("http://" + addr + "/")
		if err != nil {
			panic(err)
		}
		unread = append(unread, resp)
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Println(runtime.NumGoroutine())
	runtime.KeepAlive(unread)
}
