// Closes six bodies early, without a pause, and prints what Go settles at: goroutines and connections.
//
// With Go 1.27 that is a race: the drain of one connection against the next request. One run is one
// outcome; go_measured.json holds the outcomes of many.
//
//	go run early_close_race.go serve            prints its address and serves until it is stopped
//	go run early_close_race.go ADDR ROW         ROW: close_only, partial_close, chunked_close, post_close, small_close
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	fmt.Println(race(os.Args[1], os.Args[2]))
}

func serve() {
	body := make([]byte, 100_000)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	http.HandleFunc("/length", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		w.Write(body)
	})
	http.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(body)
	})
	http.HandleFunc("/small", func(w http.ResponseWriter, r *http.Request) { w.Write(body[:13]) })
	panic(http.Serve(listener, nil))
}

func race(addr, row string) string {
	var dials atomic.Int32
	dialer := &net.Dialer{}
	http.DefaultTransport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return dialer.DialContext(ctx, network, addr)
	}
	for range 6 {
		var response *http.Response
		var err error
		switch row {
		case "post_close":
			response, err = http.Post("http://"+addr+"/length", "text/plain", strings.NewReader("hello"))
		case "chunked_close":
			response, err = http.Get("http://" + addr + "/chunked")
		case "small_close":
			response, err = http.Get("http://" + addr + "/small")
		default:
			response, err = http.Get("http://" + addr + "/length")
		}
		if err != nil {
			panic(err)
		}
		if row == "partial_close" {
			io.ReadFull(response.Body, make([]byte, 10))
		}
		response.Body.Close()
	}
	time.Sleep(300 * time.Millisecond)
	return fmt.Sprintf("%d/%d", runtime.NumGoroutine(), dials.Load())
}
