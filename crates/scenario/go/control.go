package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// control is the line to the program that runs the servers. Only the goroutine of main asks, so an answer is always
// the answer to the latest question.
type control struct {
	in *bufio.Reader
	// mu is held for a whole line, and for good by whoever writes the last one.
	mu  sync.Mutex
	out io.Writer
}

// ask sends a question, waits for its answer, and returns how much had moved at the servers by then.
func (c *control) ask(question interface{}) (moves uint64, err error) {
	if err := c.write(question); err != nil {
		return 0, err
	}
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return 0, fmt.Errorf("no answer to %v: %w", question, err)
	}
	var answer struct {
		Answer string `json:"answer"`
		Moves  uint64 `json:"moves"`
	}
	if err := json.Unmarshal(line, &answer); err != nil || answer.Answer != "done" {
		return 0, fmt.Errorf("not an answer to %v: %q", question, line)
	}
	return answer.Moves, nil
}

func (c *control) write(value interface{}) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.out.Write(append(line, '\n'))
	return err
}

// last writes the last line. Then it waits for the end of stdin: whoever reads that line wants to look at the
// servers' side before the connections of this program end. It does not return.
func (c *control) last(key string, value interface{}) {
	line, err := json.Marshal(map[string]interface{}{key: value})
	if err != nil {
		fail("%v", err)
	}
	c.mu.Lock()
	if _, err := c.out.Write(append(line, '\n')); err != nil {
		os.Exit(1)
	}
	// Not through the buffer, which a question may have in hand.
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
