package main

import (
	"crypto/tls"
	"fmt"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"sync"
)

// trace is what httptrace told of one request. Each lane has an order of its own; between lanes there is none.
type trace struct {
	mu      sync.Mutex
	changed *sync.Cond
	lanes   map[string][]string
	seen    map[string]bool
	// conns are the caller's addresses of the connections that it got.
	conns []string
}

func newTrace() *trace {
	t := &trace{seen: map[string]bool{}, lanes: map[string][]string{}, conns: []string{}}
	for _, lane := range []string{"caller", "dial", "writer", "reader", "pool"} {
		t.lanes[lane] = []string{}
	}
	t.changed = sync.NewCond(&t.mu)
	return t
}

// note keeps an event: the name of its hook, and what else there is to tell.
func (t *trace) note(lane, hook, more string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[hook] = true
	event := hook
	if more != "" {
		event += " " + more
	}
	if err != nil {
		event += ": " + err.Error()
	}
	t.lanes[lane] = append(t.lanes[lane], event)
	t.changed.Broadcast()
}

// wait returns when a hook of this name was called.
func (t *trace) wait(hook string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.seen[hook] {
		t.changed.Wait()
	}
}

// hooks are httptrace's. The one for interim responses lifts a limit, so it is set only when that is wanted.
func (t *trace) hooks(got1xx bool) *httptrace.ClientTrace {
	hooks := &httptrace.ClientTrace{
		GetConn: func(hostPort string) { t.note("caller", "GetConn", hostPort, nil) },
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			t.conns = append(t.conns, info.Conn.LocalAddr().String())
			t.mu.Unlock()
			t.note("caller", "GotConn", fmt.Sprintf("reused=%t was_idle=%t", info.Reused, info.WasIdle), nil)
		},
		DNSStart:             func(info httptrace.DNSStartInfo) { t.note("dial", "DNSStart", info.Host, nil) },
		DNSDone:              func(info httptrace.DNSDoneInfo) { t.note("dial", "DNSDone", "", info.Err) },
		ConnectStart:         func(_, addr string) { t.note("dial", "ConnectStart", addr, nil) },
		ConnectDone:          func(_, addr string, err error) { t.note("dial", "ConnectDone", addr, err) },
		TLSHandshakeStart:    func() { t.note("dial", "TLSHandshakeStart", "", nil) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { t.note("dial", "TLSHandshakeDone", "", err) },
		WroteHeaders:         func() { t.note("writer", "WroteHeaders", "", nil) },
		Wait100Continue:      func() { t.note("writer", "Wait100Continue", "", nil) },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { t.note("writer", "WroteRequest", "", info.Err) },
		GotFirstResponseByte: func() { t.note("reader", "GotFirstResponseByte", "", nil) },
		Got100Continue:       func() { t.note("reader", "Got100Continue", "", nil) },
		PutIdleConn:          func(err error) { t.note("pool", "PutIdleConn", "", err) },
	}
	if got1xx {
		hooks.Got1xxResponse = func(code int, _ textproto.MIMEHeader) error {
			t.note("reader", "Got1xxResponse", strconv.Itoa(code), nil)
			return nil
		}
	}
	return hooks
}

func (t *trace) outcome() map[string]interface{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	lanes := map[string][]string{}
	for lane, events := range t.lanes {
		lanes[lane] = append([]string{}, events...)
	}
	return map[string]interface{}{"conns": append([]string{}, t.conns...), "events": lanes}
}
