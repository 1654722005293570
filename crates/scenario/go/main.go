// The caller's part of a scenario, played by real Go.
//
// One line of JSON on stdin says what to do; the servers run in the program that wrote it. Whatever needs the
// servers' view is asked for with a line on stdout and answered with a line on stdin. The last line on stdout is the
// caller's half of the outcome, or a report of where it is stuck.
//
// Needs nothing but the standard library, of Go 1.19 or newer.
//
//   - main.go: the plan as it is read; the limit of time; the last line
//   - control.go: questions to the servers' side, and its answers
//   - caller.go: the steps, one after the other
//   - request.go: one request: how it is made, and what became of it
//   - body.go: request bodies in pieces
//   - trace.go: what httptrace tells
//   - settle.go: when things have settled, and how many goroutines there are then
//   - cause_*.go: a cancel with a cause, where this Go has it
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A plan is the caller's part of a scenario, worked out. Times are in microseconds.
type plan struct {
	Limit   int64 `json:"limit_us"`
	Origins map[string]struct {
		URL string `json:"url"`
	} `json:"origins"`
	Roots     string    `json:"roots"`
	Transport transport `json:"transport"`
	Client    struct {
		Timeout int64
	} `json:"client"`
	Contexts []string `json:"contexts"`
	Channels []string `json:"channels"`
	Steps    []step   `json:"steps"`
}

// transport has every setting under its name in Go, but for DialTimeout: net.Dialer.Timeout.
type transport struct {
	Proxy                  string // an origin's name
	MaxIdleConns           int
	MaxIdleConnsPerHost    int
	MaxConnsPerHost        int
	IdleConnTimeout        int64
	DialTimeout            int64
	TLSHandshakeTimeout    int64
	ResponseHeaderTimeout  int64
	ExpectContinueTimeout  int64
	MaxResponseHeaderBytes int64
	DisableKeepAlives      bool
	DisableCompression     bool
}

// A step's kind is in Do; which of the others it has depends on that.
type step struct {
	Line    int         `json:"line"`
	Do      string      `json:"do"`
	Request string      `json:"request"`
	Method  string      `json:"method"`
	Origin  string      `json:"origin"`
	Path    string      `json:"path"`
	Headers [][2]string `json:"headers"`
	Body    *body       `json:"body"`
	Close   bool        `json:"close"`
	Context string      `json:"context"`
	Timeout int64       `json:"timeout_us"`
	Channel string      `json:"channel"`
	Got1xx  bool        `json:"got_1xx"`
	Later   bool        `json:"later"`
	Amount  string      `json:"amount"`
	Bytes   int64       `json:"bytes"`
	Text    string      `json:"text"`
	Cause   string      `json:"cause"`
	Event   string      `json:"event"`
	Gate    string      `json:"gate"`
	US      int64       `json:"us"`
	Name    string      `json:"name"`
	// fields are all of the above and more, for a question that is passed on.
	fields map[string]interface{}
}

func (s *step) UnmarshalJSON(data []byte) error {
	type plain step
	if err := json.Unmarshal(data, &s.fields); err != nil {
		return err
	}
	return json.Unmarshal(data, (*plain)(s))
}

// question is the step as a question to the servers.
func (s *step) question() map[string]interface{} {
	question := map[string]interface{}{"ask": s.Do}
	for name, value := range s.fields {
		if name != "do" && name != "line" {
			question[name] = value
		}
	}
	return question
}

func main() {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		fail("no plan on stdin: %v", err)
	}
	var p plan
	if err := json.Unmarshal(line, &p); err != nil {
		fail("the plan: %v", err)
	}
	c, err := newCaller(&p, &control{in: in, out: os.Stdout})
	if err != nil {
		fail("%v", err)
	}
	time.AfterFunc(micros(p.Limit), func() {
		c.control.last("stuck", c.stuck())
	})
	if err := c.run(); err != nil {
		fail("%v", err)
	}
	c.control.last("outcome", c.outcome())
}

// fail ends the program for a reason that is no outcome: a plan that it does not understand.
func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
