package main

import (
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// count is how many goroutines there are: main, and those that the caller did not start itself.
type count struct {
	Alive     int `json:"alive"`
	ReadLoop  int `json:"read_loop"`
	WriteLoop int `json:"write_loop"`
	Other     int `json:"other"`
}

// goroutine is one entry of the runtime's list.
type goroutine struct {
	id    string
	state string
	// calls are the functions on the stack, the innermost first.
	calls []string
	// by is the function that started it.
	by string
}

// between is how long the processor is left to others between two looks. It is no measure of how long things take to
// settle: a thread without work asks the network before it sleeps, so whatever had arrived is then under way, and
// the second look sees that.
const between = time.Millisecond

// settled waits until two looks in a row see the same goroutines, all of them waiting, and nothing has moved at the
// servers in between. Then it counts.
func (c *caller) settled() (count, error) {
	before := ""
	for {
		list := goroutines()
		// Answered when no server is at work.
		moves, err := c.control.ask(map[string]interface{}{"ask": "quiet"})
		if err != nil {
			return count{}, err
		}
		now := ""
		if waiting(list) {
			now = fmt.Sprintf("%d\n%s", moves, fingerprint(list))
			if now == before {
				return counted(list), nil
			}
		}
		before = now
		time.Sleep(between)
	}
}

// waiting says whether every goroutine but this one waits for something that does not come by itself.
func waiting(list []goroutine) bool {
	if atomic.LoadInt32(&pausing) > 0 {
		return false
	}
	for _, g := range list {
		if g.calls[len(g.calls)-1] == "main.main" {
			continue
		}
		switch g.state {
		case "IO wait", "select", "select (no cases)", "chan receive", "chan send", "sync.Cond.Wait",
			"sync.WaitGroup.Wait", "semacquire":
		default:
			return false
		}
		// These end by themselves, and soon.
		if g.on("maybeDrainBody") || g.on("wroteRequest") {
			return false
		}
		// So does a connect on loopback. What follows it may wait for a server, which is then quiet.
		if g.on("DialContext") {
			return false
		}
	}
	return true
}

// on says whether a function of this name is on the stack.
func (g *goroutine) on(name string) bool {
	for _, call := range g.calls {
		if strings.HasSuffix(call, "."+name) || strings.Contains(call, "."+name+".") {
			return true
		}
	}
	return false
}

// own says whether it is the caller's, and no work of net/http.
func (g *goroutine) own() bool {
	return g.by == "" || strings.HasPrefix(g.by, "main.") || strings.HasPrefix(g.by, "runtime.")
}

func counted(list []goroutine) count {
	n := count{Alive: 1}
	for i := range list {
		g := &list[i]
		if g.own() {
			continue
		}
		n.Alive++
		switch {
		case g.on("readLoop"):
			n.ReadLoop++
		case g.on("writeLoop"):
			n.WriteLoop++
		default:
			n.Other++
		}
	}
	return n
}

func fingerprint(list []goroutine) string {
	lines := make([]string, len(list))
	for i, g := range list {
		lines[i] = g.id + " " + g.calls[0]
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// tops is a line per goroutine: its state, and the calls that tell what it waits for.
func tops(list []goroutine) []string {
	lines := []string{}
	for _, g := range list {
		if g.on("stuck") {
			continue // the one that reports
		}
		calls := []string{}
		for _, call := range g.calls {
			if strings.HasPrefix(call, "net/http") || strings.HasPrefix(call, "main.") {
				calls = append(calls, call)
			}
		}
		if len(calls) == 0 {
			calls = g.calls
		}
		if len(calls) > 3 {
			calls = calls[:3]
		}
		lines = append(lines, fmt.Sprintf("[%s] %s", g.state, strings.Join(calls, " <- ")))
	}
	sort.Strings(lines)
	return lines
}

// goroutines reads the runtime's list.
func goroutines() []goroutine {
	buffer := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	var list []goroutine
	for _, entry := range strings.Split(strings.TrimSpace(string(buffer)), "\n\n") {
		list = append(list, parse(entry))
	}
	return list
}

// parse reads one entry: `goroutine 7 [select, 2 minutes]:`, then two lines per call, the second one indented, and
// `created by F` or `created by F in goroutine 1`.
func parse(entry string) goroutine {
	lines := strings.Split(entry, "\n")
	var g goroutine
	head := strings.TrimSuffix(strings.TrimPrefix(lines[0], "goroutine "), "]:")
	if at := strings.Index(head, " ["); at >= 0 {
		g.id, g.state = head[:at], head[at+2:]
	}
	if at := strings.Index(g.state, ","); at >= 0 {
		g.state = g.state[:at]
	}
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "\t"):
		case strings.HasPrefix(line, "created by "):
			g.by = strings.Split(strings.TrimPrefix(line, "created by "), " in goroutine ")[0]
		default:
			if at := strings.LastIndex(line, "("); at > 0 {
				line = line[:at]
			}
			g.calls = append(g.calls, line)
		}
	}
	if len(g.calls) == 0 {
		g.calls = []string{"?"}
	}
	return g
}

func after(us int64) <-chan time.Time { return time.After(micros(us)) }
