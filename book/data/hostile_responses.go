// Answers a GET with each of the responses in a JSON file, and writes beside each what net/http makes of it:
//
//	go run . CASES.json > hostile_responses.json   (in a module of its own with the line `go 1.27`: without one Go
//	chooses older defaults, and takes an empty Content-Length)
//
// The server closes after its answer, so whatever is left unsaid is an end of the stream.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"
)

type outcome struct {
	Name      string   `json:"name"`
	Raw       string   `json:"raw"`
	Error     string   `json:"error,omitempty"`
	Status    int      `json:"status,omitempty"`
	Header    []string `json:"header,omitempty"`
	Body      string   `json:"body,omitempty"`
	BodyError string   `json:"body_error,omitempty"`
	Trailer   []string `json:"trailer,omitempty"`
}

// Go's strings hold bytes, JSON's hold characters: each byte is one character below 256.
func bytesOf(text string) []byte {
	var out []byte
	for _, r := range text {
		out = append(out, byte(r))
	}
	return out
}

func textOf(bytes string) string {
	var out strings.Builder
	for i := 0; i < len(bytes); i++ {
		out.WriteRune(rune(bytes[i]))
	}
	return out.String()
}

func main() {
	file, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var cases []outcome
	if err := json.Unmarshal(file, &cases); err != nil {
		panic(err)
	}
	for i := range cases {
		run(&cases[i])
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	encoder.Encode(map[string]any{"go": strings.TrimPrefix(runtime.Version(), "go"), "cases": cases})
}

func run(c *outcome) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		head := make([]byte, 4096)
		conn.Read(head)
		conn.Write(bytesOf(c.Raw))
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}()
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://%s/", listener.Addr()))
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		c.Error = textOf(err.Error())
		return
	}
	defer response.Body.Close()
	c.Status = response.StatusCode
	c.Header = lines(response.Header)
	body, err := io.ReadAll(response.Body)
	c.Body = textOf(string(body))
	if err != nil {
		c.BodyError = textOf(err.Error())
		return
	}
	c.Trailer = lines(response.Trailer)
}

func lines(header http.Header) []string {
	var out []string
	for name, values := range header {
		for _, value := range values {
			out = append(out, strings.ToLower(name)+": "+textOf(value))
		}
	}
	sort.Strings(out)
	return out
}
