// The end of a body against a cancel of its context, in real Go. Each run reads a body of 13 bytes while another goroutine
// cancels. How a run ends: what the reader was told, and whether the connection was offered to the pool.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): GOMAXPROCS=2 go run cancel_race.go
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"sort"
	"sync/atomic"
)

const runs = 20000

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello, world!")
	}))
	defer server.Close()
	tr := &http.Transport{}
	ended := map[string]int{}
	for i := 0; i < runs; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		var kept atomic.Value
		kept.Store("closed")
		trace := &httptrace.ClientTrace{PutIdleConn: func(err error) {
			if err == nil {
				kept.Store("kept")
			}
		}}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), "GET", server.URL, nil)
		if err != nil {
			panic(err)
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			panic(err)
		}
		// Both look at one word, so that they start at the same time; the reader gives way a little.
		var start int32
		done := make(chan struct{})
		go func() {
			for atomic.LoadInt32(&start) == 0 {
				runtime.Gosched()
			}
			for spin := 0; spin < i%40; spin++ {
				atomic.LoadInt32(&start)
			}
			cancel()
			close(done)
		}()
		runtime.Gosched()
		atomic.StoreInt32(&start, 1)
		for spin := 0; spin < (i/40)%40; spin++ {
			atomic.LoadInt32(&start)
		}
		_, err = io.ReadAll(resp.Body)
		<-done
		told := "the end"
		if err != nil {
			told = err.Error()
		}
		ended[fmt.Sprintf("%s, %s", told, kept.Load())]++
	}
	fmt.Println(runtime.Version(), "GOMAXPROCS", runtime.GOMAXPROCS(0))
	var keys []string
	for key := range ended {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		fmt.Printf("%-30s %6d of %d\n", key, ended[key], runs)
	}
}
