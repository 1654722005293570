package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// body is a request body: one Read per piece, if the reader's buffer is large enough.
type body struct {
	// Length is ContentLength; -1 is not known.
	Length int64 `json:"length"`
	// Again says whether there is a GetBody.
	Again bool `json:"again"`
	// InMemory bodies are a bytes.Reader, which http.NewRequest knows.
	InMemory bool    `json:"in_memory"`
	Pieces   []piece `json:"pieces"`
}

// A piece's kind is in Piece.
type piece struct {
	Piece string `json:"piece"`
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
	US    int64  `json:"us"`
	Gate  string `json:"gate"`
	Error string `json:"error"`
}

func (p *piece) data() []byte {
	if p.Piece == "bytes" {
		return pattern(p.Bytes)
	}
	return []byte(p.Text)
}

// pattern is the letters a to z over and over, as the servers' bodies are.
func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = 'a' + byte(i%26)
	}
	return data
}

func (b *body) data() []byte {
	var data []byte
	for i := range b.Pieces {
		data = append(data, b.Pieces[i].data()...)
	}
	return data
}

func (b *body) attach(request *http.Request, gates gates) {
	fresh := func() io.ReadCloser { return &pieces{left: b.Pieces, gates: gates, closed: make(chan struct{})} }
	request.Body = fresh()
	request.ContentLength = b.Length
	if b.Again {
		request.GetBody = func() (io.ReadCloser, error) { return fresh(), nil }
	}
}

// pausing counts the bodies that are in a pause: they go on by themselves, so things have not settled.
var pausing int32

// pieces is a body that is being read.
type pieces struct {
	left  []piece
	rest  bytes.Reader
	gates gates
	once  sync.Once
	// closed is closed by Close, so that a reader does not outlive its body.
	closed chan struct{}
}

func (p *pieces) Read(buffer []byte) (int, error) {
	for p.rest.Len() == 0 {
		if len(p.left) == 0 {
			return 0, io.EOF
		}
		next := p.left[0]
		switch next.Piece {
		case "fail":
			return 0, errors.New(next.Error)
		case "gate":
			select {
			case <-p.gates.at(next.Gate):
			case <-p.closed:
				return 0, http.ErrBodyReadAfterClose
			}
		case "pause":
			p.pause(next.US)
		default:
			p.rest.Reset(next.data())
		}
		p.left = p.left[1:]
	}
	return p.rest.Read(buffer)
}

func (p *pieces) pause(us int64) {
	atomic.AddInt32(&pausing, 1)
	defer atomic.AddInt32(&pausing, -1)
	select {
	case <-after(us):
	case <-p.closed:
	}
}

func (p *pieces) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// gates are opened by steps, once and for good.
type gates struct {
	mu   *sync.Mutex
	gate map[string]chan struct{}
	gone map[string]bool
}

func newGates() gates {
	return gates{mu: &sync.Mutex{}, gate: map[string]chan struct{}{}, gone: map[string]bool{}}
}

// at is closed when the gate of this name is open.
func (g gates) at(name string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.find(name)
}

func (g gates) open(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gone[name] {
		g.gone[name] = true
		close(g.find(name))
	}
}

func (g gates) find(name string) chan struct{} {
	if g.gate[name] == nil {
		g.gate[name] = make(chan struct{})
	}
	return g.gate[name]
}
