package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// shown is how many bytes of a body stand in the outcome as text. More are a hash.
const shown = 64

// request is one request and what became of it.
type request struct {
	http  *http.Request
	trace *trace
	// release belongs to the context's time; nobody calls it, so that nothing but time ends the context.
	release context.CancelFunc
	// under way counts what was begun and is to be awaited by `finish`.
	underWay sync.WaitGroup

	mu       sync.Mutex // guards what follows
	response *http.Response
	sent     map[string]interface{}
	steps    []interface{}
}

func (c *caller) send(s *step) error {
	r := &request{trace: newTrace(), sent: pending()}
	made, err := c.newRequest(s, r)
	c.mu.Lock()
	c.requests[s.Request] = r
	c.mu.Unlock()
	if err != nil {
		r.sent = failed(err)
		return nil
	}
	r.http = made
	client := c.client
	r.begin(s.Later, func() {
		response, err := client.Do(made)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.sent["dropped"] != nil {
			return
		}
		if err != nil {
			r.sent = failed(err)
			return
		}
		r.response = response
		r.sent = map[string]interface{}{
			"status":         response.StatusCode,
			"proto":          response.Proto,
			"headers":        response.Header,
			"content_length": response.ContentLength,
			"uncompressed":   response.Uncompressed,
		}
	})
	return nil
}

func (c *caller) newRequest(s *step, r *request) (*http.Request, error) {
	ctx := context.Background()
	if s.Context != "" {
		ctx = c.contexts[s.Context].ctx
	}
	if s.Timeout > 0 {
		ctx, r.release = context.WithTimeout(ctx, micros(s.Timeout))
	}
	ctx = httptrace.WithClientTrace(ctx, r.trace.hooks(s.Got1xx))
	var inMemory io.Reader
	if s.Body != nil && s.Body.InMemory {
		inMemory = bytes.NewReader(s.Body.data())
	}
	made, err := http.NewRequestWithContext(ctx, s.Method, c.plan.Origins[s.Origin].URL+s.Path, inMemory)
	if err != nil {
		return nil, err
	}
	if s.Body != nil && !s.Body.InMemory {
		s.Body.attach(made, c.gates)
	}
	for _, field := range s.Headers {
		if field[0] == "Host" {
			made.Host = field[1]
		} else {
			made.Header.Add(field[0], field[1])
		}
	}
	if s.Channel != "" {
		made.Cancel = c.channels[s.Channel]
	}
	made.Close = s.Close
	return made, nil
}

// begin does something now, or beside the steps that follow.
func (r *request) begin(later bool, do func()) {
	if !later {
		do()
		return
	}
	r.underWay.Add(1)
	go func() {
		defer r.underWay.Done()
		do()
	}()
}

func (r *request) finish() { r.underWay.Wait() }

// note keeps a place in the list of steps, in the order in which they begin, and returns how to fill it.
func (r *request) note(what string) func(result map[string]interface{}) {
	entry := map[string]interface{}{what: pending()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, entry)
	return func(result map[string]interface{}) {
		r.mu.Lock()
		defer r.mu.Unlock()
		entry[what] = result
	}
}

// body is the response's body; nil when there is no response.
func (r *request) body() io.ReadCloser {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.response == nil {
		return nil
	}
	return r.response.Body
}

func (r *request) read(s *step) {
	filled := r.note("read")
	r.begin(s.Later, func() {
		body := r.body()
		if body == nil {
			filled(skipped())
			return
		}
		var data []byte
		var err error
		switch s.Amount {
		case "all":
			data, err = io.ReadAll(body)
		case "bytes":
			data, err = io.ReadAll(io.LimitReader(body, s.Bytes))
		case "exactly":
			var n int
			data = make([]byte, s.Bytes)
			n, err = io.ReadFull(body, data)
			data = data[:n]
		default:
			fail("the Go caller cannot read %q", s.Amount)
		}
		result := digest(data)
		if err != nil {
			result["error"] = err.Error()
		}
		filled(result)
	})
}

func (r *request) write(words string) {
	filled := r.note("write")
	writer, ok := r.body().(io.Writer)
	if !ok {
		filled(skipped())
		return
	}
	_, err := io.WriteString(writer, words)
	filled(ended(err))
}

func (r *request) close() {
	filled := r.note("close")
	body := r.body()
	if body == nil {
		filled(skipped())
		return
	}
	filled(ended(body.Close()))
}

// drop forgets the response, which is all that Go has for it; or that there will be one.
func (r *request) drop() {
	r.mu.Lock()
	pending := r.sent["pending"] != nil
	if pending {
		r.sent = map[string]interface{}{"dropped": true}
	}
	r.response = nil
	r.mu.Unlock()
	if !pending {
		r.note("drop")(ended(nil))
	}
}

func (r *request) outcome() map[string]interface{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome := r.trace.outcome()
	outcome["sent"] = r.sent
	outcome["steps"] = append([]interface{}{}, r.steps...)
	outcome["trailers"] = http.Header{}
	if r.response != nil {
		trailers := http.Header{}
		for key, values := range r.response.Trailer {
			if values != nil { // nil: announced, and not there yet
				trailers[key] = values
			}
		}
		outcome["trailers"] = trailers
	}
	return outcome
}

// state is what it is at, in words.
func (r *request) state() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.sent["pending"] != nil:
		return "waits for its response"
	case r.sent["error"] != nil:
		return "failed"
	case r.response == nil: // dropped
		return "forgotten"
	}
	return "has its response"
}

// digest tells what was read: as text if it is short and printable, as a hash otherwise.
func digest(data []byte) map[string]interface{} {
	result := map[string]interface{}{"bytes": len(data)}
	printable := len(data) <= shown
	for _, b := range data {
		printable = printable && b >= 0x20 && b <= 0x7e
	}
	if printable {
		result["text"] = string(data)
		return result
	}
	hash := fnv.New64a()
	hash.Write(data)
	result["hash"] = fmt.Sprintf("%016x", hash.Sum64())
	return result
}

func ended(err error) map[string]interface{} {
	if err == nil {
		return map[string]interface{}{}
	}
	return failed(err)
}

func failed(err error) map[string]interface{} { return map[string]interface{}{"error": err.Error()} }

func skipped() map[string]interface{} { return map[string]interface{}{"skipped": true} }

func pending() map[string]interface{} { return map[string]interface{}{"pending": true} }
