// Six GETs under different limits of the pool: each body is read to its end and never closed. Prints one line a case:
// goroutines that are left 300 ms after the last step (main is one) and connections that the servers accepted.
// Run: go run idle_pool.go
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var cases = []string{"one_host", "six_hosts", "six_hosts_max_idle_3", "at_once", "at_once_per_host_10", "at_once_max_conns_1",
	"no_keep_alives", "transport_each", "close_idle"}

func main() {
	if len(os.Args) == 1 {
		// The servers run in a process of their own, so that only the client's goroutines are counted.
		serve()
		return
	}
	client(os.Args[1], os.Args[2:])
}

func serve() {
	for _, name := range cases {
		var accepted atomic.Int64
		var arrived atomic.Int64
		all := make(chan struct{})
		var urls []string
		for i := 0; i < 6; i++ {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/together" {
					if arrived.Add(1) == 6 {
						close(all)
					}
					<-all
				}
				io.WriteString(w, "hello, world\n")
			}))
			server.Config.ConnState = func(c net.Conn, s http.ConnState) {
				if s == http.StateNew {
					accepted.Add(1)
				}
			}
			server.Start()
			urls = append(urls, server.URL)
		}
		out, err := exec.Command(os.Args[0], append([]string{name}, urls...)...).CombinedOutput()
		if err != nil {
			fmt.Println(name, err, string(out))
			continue
		}
		fmt.Printf("%-24s %s / %d\n", name, out, accepted.Load())
	}
}

func client(name string, urls []string) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	get := func(t *http.Transport, url string) {
		resp, err := (&http.Client{Transport: t}).Get(url)
		if err != nil {
			panic(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			panic(err)
		}
	}
	together := func(path string) {
		var wg sync.WaitGroup
		for i := 0; i < 6; i++ {
			wg.Add(1)
			go func() { defer wg.Done(); get(t, urls[0]+path) }()
		}
		wg.Wait()
	}
	switch name {
	case "one_host":
		for i := 0; i < 6; i++ {
			get(t, urls[0])
		}
	case "six_hosts", "six_hosts_max_idle_3":
		if name == "six_hosts_max_idle_3" {
			t.MaxIdleConns = 3
		}
		for _, url := range urls {
			get(t, url)
		}
	case "at_once":
		together("/together")
	case "at_once_per_host_10":
		t.MaxIdleConnsPerHost = 10
		together("/together")
	case "at_once_max_conns_1":
		t.MaxConnsPerHost = 1
		together("/")
	case "no_keep_alives":
		t.DisableKeepAlives = true
		for i := 0; i < 6; i++ {
			get(t, urls[0])
		}
	case "transport_each":
		for i := 0; i < 6; i++ {
			own := t.Clone()
			get(own, urls[0])
		}
		runtime.GC()
		runtime.GC()
	case "close_idle":
		for i := 0; i < 6; i++ {
			get(t, urls[0])
		}
		t.CloseIdleConnections()
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Print(runtime.NumGoroutine())
}
