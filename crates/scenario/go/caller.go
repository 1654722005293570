package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sort"
	"sync"
	"time"
)

// caller goes through the steps.
type caller struct {
	plan      *plan
	control   *control
	transport *http.Transport
	client    *http.Client
	gates     gates
	channels  map[string]chan struct{}
	contexts  map[string]*cancellable

	mu       sync.Mutex // guards what follows: the report at the limit looks at it at any time
	requests map[string]*request
	counts   map[string]count
	done     int
}

type cancellable struct {
	ctx    context.Context
	cancel func(cause string)
}

func newCaller(p *plan, control *control) (*caller, error) {
	c := &caller{
		plan:     p,
		control:  control,
		gates:    newGates(),
		channels: map[string]chan struct{}{},
		contexts: map[string]*cancellable{},
		requests: map[string]*request{},
		counts:   map[string]count{},
	}
	for _, name := range p.Channels {
		c.channels[name] = make(chan struct{})
	}
	for _, name := range p.Contexts {
		ctx, cancel := withCause(context.Background())
		c.contexts[name] = &cancellable{ctx, cancel}
	}
	transport, err := newTransport(p)
	if err != nil {
		return nil, err
	}
	c.transport = transport
	c.client = &http.Client{Transport: transport, Timeout: micros(p.Client.Timeout)}
	return c, nil
}

func newTransport(p *plan) (*http.Transport, error) {
	set := p.Transport
	dialer := &net.Dialer{Timeout: micros(set.DialTimeout)}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		MaxIdleConns:           set.MaxIdleConns,
		MaxIdleConnsPerHost:    set.MaxIdleConnsPerHost,
		MaxConnsPerHost:        set.MaxConnsPerHost,
		IdleConnTimeout:        micros(set.IdleConnTimeout),
		TLSHandshakeTimeout:    micros(set.TLSHandshakeTimeout),
		ResponseHeaderTimeout:  micros(set.ResponseHeaderTimeout),
		ExpectContinueTimeout:  micros(set.ExpectContinueTimeout),
		MaxResponseHeaderBytes: set.MaxResponseHeaderBytes,
		DisableKeepAlives:      set.DisableKeepAlives,
		DisableCompression:     set.DisableCompression,
	}
	if p.Roots != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(p.Roots)) {
			return nil, fmt.Errorf("the roots are not PEM")
		}
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	if set.Proxy != "" {
		proxy, err := url.Parse(p.Origins[set.Proxy].URL)
		if err != nil {
			return nil, err
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	return t, nil
}

func (c *caller) run() error {
	for i := range c.plan.Steps {
		s := &c.plan.Steps[i]
		if err := c.step(s); err != nil {
			return fmt.Errorf("the step at line %d (%s): %w", s.Line, s.Do, err)
		}
		c.mu.Lock()
		c.done++
		c.mu.Unlock()
	}
	// The one count that every scenario has.
	return c.count("end")
}

func (c *caller) count(name string) error {
	settled, err := c.settled()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] = settled
	return nil
}

func (c *caller) step(s *step) error {
	switch s.Do {
	case "send":
		return c.send(s)
	case "read":
		return c.of(s, func(r *request) { r.read(s) })
	case "write":
		return c.of(s, func(r *request) { r.write(s.Text) })
	case "finish":
		return c.of(s, (*request).finish)
	case "close":
		return c.of(s, (*request).close)
	case "drop":
		return c.of(s, (*request).drop)
	case "cancel":
		c.contexts[s.Context].cancel(s.Cause)
	case "close_channel":
		close(c.channels[s.Channel])
	case "cancel_request":
		return c.of(s, func(r *request) { c.transport.CancelRequest(r.http) })
	case "wait":
		_, err := c.control.ask(s.question())
		return err
	case "wait_event":
		return c.of(s, func(r *request) { r.trace.wait(s.Event) })
	case "open":
		c.gates.open(s.Gate)
		_, err := c.control.ask(map[string]interface{}{"ask": "open", "gate": s.Gate})
		return err
	case "pause":
		time.Sleep(micros(s.US))
	case "close_idle":
		c.client.CloseIdleConnections()
	case "drop_transport":
		// Go can only forget them.
		c.client, c.transport = nil, nil
	case "count":
		return c.count(s.Name)
	default:
		return fmt.Errorf("the Go caller does not know this step")
	}
	return nil
}

// of does something with a request that has been sent.
func (c *caller) of(s *step, do func(*request)) error {
	c.mu.Lock()
	r := c.requests[s.Request]
	c.mu.Unlock()
	if r == nil {
		return fmt.Errorf("no request %q", s.Request)
	}
	do(r)
	return nil
}

// outcome is the caller's half of what happened.
func (c *caller) outcome() map[string]interface{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := map[string]interface{}{}
	for name, r := range c.requests {
		requests[name] = r.outcome()
	}
	return map[string]interface{}{"requests": requests, "counts": c.counts}
}

// stuck says how far the steps came, what each request is at, and where every goroutine is.
func (c *caller) stuck() map[string]interface{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	stuck := map[string]interface{}{"done": c.done, "tasks": tops(goroutines())}
	if c.done < len(c.plan.Steps) {
		stuck["step"] = c.done
	}
	requests := []string{}
	for name, r := range c.requests {
		requests = append(requests, name+": "+r.state())
	}
	sort.Strings(requests)
	stuck["requests"] = requests
	return stuck
}
