// Go's net/http in the comparison: carries out one order and prints one line.
//
// The order is the JSON of src/compare/order.rs, the first argument. Nothing but the standard library is used, and
// nothing of it that Go 1.19 does not have.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

const (
	smallLen = 13
	largeLen = 1 << 20
	echoLen  = 64 << 10
)

type order struct {
	Ask         json.RawMessage `json:"ask"`
	Addr        string          `json:"addr"`
	Certificate *string         `json:"certificate"`
	Concurrency int             `json:"concurrency"`
	Threads     int             `json:"threads"`
	Idle        int             `json:"idle"`
	Look        json.RawMessage `json:"look"`
}

// ask is what is asked for: a path, perhaps a body, and how long the answer is.
type ask struct {
	path    string
	body    []byte
	want    int64
	request url.URL
}

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: compare ORDER"))
	}
	var o order
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		fail(err)
	}
	if err := carryOut(&o); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

func carryOut(o *order) error {
	runtime.GOMAXPROCS(o.Threads)
	c, err := newClient(o)
	if err != nil {
		return err
	}
	what, err := parseAsk(o.Ask)
	if err != nil {
		return err
	}
	var look struct {
		Time *struct {
			WarmUpMs  int64 `json:"warm_up_ms"`
			MeasureMs int64 `json:"measure_ms"`
		} `json:"time"`
		Allocations *struct {
			Requests int `json:"requests"`
		} `json:"allocations"`
	}
	if string(o.Look) == `"heap"` {
		return c.heap(o.Idle)
	}
	if err := json.Unmarshal(o.Look, &look); err != nil {
		return err
	}
	if o.Idle > 0 {
		if err := c.open(o.Idle); err != nil {
			return err
		}
	}
	switch {
	case look.Time != nil:
		warmUp := time.Duration(look.Time.WarmUpMs) * time.Millisecond
		return c.time(what, o.Concurrency, warmUp, time.Duration(look.Time.MeasureMs)*time.Millisecond)
	case look.Allocations != nil:
		return c.allocations(what, o.Concurrency, look.Allocations.Requests)
	}
	return fmt.Errorf("unknown look %s", o.Look)
}

func parseAsk(raw json.RawMessage) (*ask, error) {
	var name string
	if err := json.Unmarshal(raw, &name); err != nil {
		return nil, err
	}
	switch name {
	case "small":
		return &ask{path: "/", want: smallLen}, nil
	case "length":
		return &ask{path: "/1m", want: largeLen}, nil
	case "chunked":
		return &ask{path: "/chunked", want: largeLen}, nil
	case "echo":
		return &ask{path: "/echo", want: echoLen, body: bytes.Repeat([]byte("y"), echoLen)}, nil
	case "close":
		return &ask{path: "/close", want: smallLen}, nil
	}
	return nil, fmt.Errorf("unknown ask %q", name)
}

type client struct {
	http   *http.Client
	scheme string
	addr   string
}

func newClient(o *order) (*client, error) {
	transport := &http.Transport{
		MaxIdleConns:        0,
		MaxIdleConnsPerHost: 1 << 30,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
	c := &client{http: &http.Client{Transport: transport}, scheme: "http", addr: o.Addr}
	if o.Certificate != nil {
		pem, err := os.ReadFile(*o.Certificate)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("no certificate in the file")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		c.scheme = "https"
	}
	return c, nil
}

// send makes one request and reads the answer to its end.
func (c *client) send(a *ask, buf []byte) error {
	req := &http.Request{Method: http.MethodGet, URL: &a.request, Header: make(http.Header)}
	if a.body != nil {
		req.Method = http.MethodPost
		req.Body = io.NopCloser(bytes.NewReader(a.body))
		req.ContentLength = int64(len(a.body))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var length int64
	for {
		n, err := resp.Body.Read(buf)
		length += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if resp.StatusCode != 200 || length != a.want {
		return fmt.Errorf("status %d and %d bytes, where 200 and %d were expected", resp.StatusCode, length, a.want)
	}
	return nil
}

// stage lets so many workers send, each as often as until allows: it is told the number of requests and the time so far.
func (c *client) stage(a *ask, workers int, until func(int, time.Duration) bool) ([]time.Duration, int, error) {
	a.request = url.URL{Scheme: c.scheme, Host: c.addr, Path: a.path}
	var (
		wait    sync.WaitGroup
		lock    sync.Mutex
		all     []time.Duration
		total   int
		failure error
	)
	for i := 0; i < workers; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var latency []time.Duration
			read := a.want
			if read > 64<<10 {
				read = 64 << 10
			}
			buf := make([]byte, read)
			var err error
			started := time.Now()
			since := started
			sent := 0
			for err == nil && until(sent, since.Sub(started)) {
				if err = c.send(a, buf); err == nil {
					now := time.Now()
					latency = append(latency, now.Sub(since))
					since = now
					sent++
				}
			}
			lock.Lock()
			defer lock.Unlock()
			all = append(all, latency...)
			total += sent
			if err != nil {
				failure = err
			}
		}()
	}
	wait.Wait()
	return all, total, failure
}

func during(limit time.Duration) func(int, time.Duration) bool {
	return func(_ int, so time.Duration) bool { return so < limit }
}

func times(limit int) func(int, time.Duration) bool {
	return func(sent int, _ time.Duration) bool { return sent < limit }
}

func (c *client) time(a *ask, workers int, warmUp, measure time.Duration) error {
	if _, _, err := c.stage(a, workers, during(warmUp)); err != nil {
		return err
	}
	began, cpu := time.Now(), cpuTime()
	latency, total, err := c.stage(a, workers, during(measure))
	took, used := time.Since(began), cpuTime()-cpu
	if err != nil {
		return err
	}
	sort.Slice(latency, func(i, j int) bool { return latency[i] < latency[j] })
	quantile := func(q float64) float64 {
		at := int(q * float64(len(latency)))
		if at >= len(latency) {
			at = len(latency) - 1
		}
		return float64(latency[at].Nanoseconds()) / 1e3
	}
	return answer("time", map[string]float64{
		"per_second": float64(total) / took.Seconds(),
		"cpu_us":     float64(used.Nanoseconds()) / 1e3 / float64(total),
		"p50_us":     quantile(0.5),
		"p99_us":     quantile(0.99),
	})
}

func (c *client) allocations(a *ask, workers, requests int) error {
	warmUp := requests
	if warmUp > 200 {
		warmUp = 200
	}
	if _, _, err := c.stage(a, workers, times(warmUp)); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, total, err := c.stage(a, workers, times(requests))
	runtime.ReadMemStats(&after)
	if err != nil {
		return err
	}
	return answer("allocations", float64(after.Mallocs-before.Mallocs)/float64(total))
}

// heap answers with the live heap of an idle connection. The stacks of its two goroutines belong to it: in the other
// clients the state of a task lies in the heap.
func (c *client) heap(connections int) error {
	if err := c.open(1); err != nil {
		return err
	}
	before := live()
	if err := c.open(connections); err != nil {
		return err
	}
	return answer("heap", float64(live()-before)/float64(connections-1))
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// open has so many connections open at once, and leaves them to the pool.
func (c *client) open(connections int) error {
	gate := &ask{path: fmt.Sprintf("/gate/%d", connections), want: smallLen}
	_, _, err := c.stage(gate, connections, times(1))
	time.Sleep(100 * time.Millisecond)
	return err
}

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func answer(name string, value interface{}) error {
	return json.NewEncoder(os.Stdout).Encode(map[string]interface{}{name: value})
}
