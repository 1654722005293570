// The article's program, which ignores errors, against a port where nobody listens.
//
//	go run ignored_error.go
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	for range 6 {
		response, _ := http.Get(url)
		_, _ = io.ReadAll(response.Body)
	}
	fmt.Println(runtime.NumGoroutine())
}
