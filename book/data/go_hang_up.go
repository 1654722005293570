// What real Go tells a caller whose server hangs up, for chapter 4. Run 300 times in one process; settled 300 ms later.
//
//	go run . accept    the server closes what it has accepted, before it reads
//	go run . request   the server reads the request's head and closes
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"time"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if os.Args[1] == "request" {
				lines := bufio.NewReader(conn)
				for line := ""; line != "\r\n"; {
					if line, err = lines.ReadString('\n'); err != nil {
						break
					}
				}
			}
			conn.Close()
		}
	}()
	before := runtime.NumGoroutine()
	told := map[string]int{}
	ports := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	for range 300 {
		response, err := http.Get("http://" + listener.Addr().String() + "/")
		if err != nil {
			told[ports.ReplaceAllString(err.Error(), "ADDR")]++
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Println("goroutines:", 1+runtime.NumGoroutine()-before)
	for text, runs := range told {
		fmt.Println(runs, text)
	}
}
