// The second GET of a connection, given up by its context at four moments, in real Go. Prints the goroutines that are left
// 300 ms later, main included, and what the caller was told; ten runs of each, one process per run.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): go build -o moments cancel_moments.go && ./moments
package main

import (
	"bufio"
	"context"
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

var moments = []string{"before", "head", "body", "after"}

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
	addr = strings.TrimSpace(addr)
	fmt.Println(runtime.Version())
	for _, moment := range moments {
		seen := map[string]int{}
		for i := 0; i < runs; i++ {
			said, err := exec.Command(os.Args[0], addr, moment).Output()
			if err != nil {
				panic(err)
			}
			seen[strings.ReplaceAll(strings.TrimSpace(string(said)), addr, "ADDR")]++
		}
		fmt.Println(moment, seen)
	}
}

func serve() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1000)) })
	http.HandleFunc("/no-head", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	http.HandleFunc("/no-end", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "ten bytes!")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	http.Serve(l, nil)
}

func once(addr, moment string) {
	resp, err := http.Get("http://" + addr + "/")
	if err != nil {
		panic(err)
	}
	io.ReadAll(resp.Body)
	ctx, cancel := context.WithCancel(context.Background())
	path := map[string]string{"before": "/", "head": "/no-head", "body": "/no-end", "after": "/"}[moment]
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr+path, nil)
	if err != nil {
		panic(err)
	}
	switch moment {
	case "before":
		cancel()
	case "head":
		time.AfterFunc(100*time.Millisecond, cancel)
	}
	resp, err = http.DefaultClient.Do(req)
	if err == nil {
		if moment == "body" {
			io.ReadFull(resp.Body, make([]byte, 10))
			cancel()
		}
		_, err = io.ReadAll(resp.Body)
	}
	cancel()
	time.Sleep(300 * time.Millisecond)
	fmt.Println(runtime.NumGoroutine(), err)
}
