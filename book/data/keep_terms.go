// Two of the five terms, asked of real Go: does it offer the connection to its pool after a body was read to its end?
//
// "eof with the data": over TLS, the last bytes and the server's goodbye (close_notify) come in one piece, without
// `Connection: close`. The answer allows a second request; under TLS 1.2 crypto/tls tells the end with the last bytes.
// "header", "field": the request says `Connection: close`, in its header or by Request.Close, and the server does not care.
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`): go run keep_terms.go
package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"sync"
	"time"
)

const runs = 20

// joined keeps what is written until it is told to send all of it as one piece.
type joined struct {
	net.Conn
	mu   sync.Mutex
	keep bool
	held bytes.Buffer
}

func (j *joined) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.keep {
		return j.held.Write(p)
	}
	return j.Conn.Write(p)
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world!"

func serve(goodbye bool, config *tls.Config) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				piece := &joined{Conn: raw}
				var conn net.Conn = piece
				if config != nil {
					conn = tls.Server(piece, config)
				}
				r := bufio.NewReader(conn)
				for {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					piece.mu.Lock()
					piece.keep = goodbye
					piece.mu.Unlock()
					io.WriteString(conn, answer)
					if goodbye {
						conn.(*tls.Conn).CloseWrite()
						// CloseWrite leaves a deadline behind that has passed.
						raw.SetWriteDeadline(time.Time{})
						raw.Write(piece.held.Bytes())
						return
					}
				}
			}()
		}
	}()
	return l
}

func ask(what string, goodbye bool, version uint16, change func(*http.Request)) {
	offered := 0
	for i := 0; i < runs; i++ {
		var config *tls.Config
		scheme := "http"
		if version != 0 {
			config, scheme = &tls.Config{Certificates: []tls.Certificate{certificate()}, MaxVersion: version}, "https"
		}
		l := serve(goodbye, config)
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		req, err := http.NewRequest("GET", scheme+"://"+l.Addr().String()+"/", nil)
		if err != nil {
			panic(err)
		}
		change(req)
		asked := false
		trace := &httptrace.ClientTrace{PutIdleConn: func(error) { asked = true }}
		resp, err := tr.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err != nil {
			panic(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			panic(err)
		}
		if asked {
			offered++
		}
		tr.CloseIdleConnections()
		l.Close()
	}
	fmt.Printf("%-28s offered to the pool: %v of %d\n", what, offered, runs)
}

func main() {
	fmt.Println(runtime.Version())
	ask("plain", false, 0, func(*http.Request) {})
	ask("tls 1.2", false, tls.VersionTLS12, func(*http.Request) {})
	ask("eof with the data, tls 1.2", true, tls.VersionTLS12, func(*http.Request) {})
	ask("eof with the data, tls 1.3", true, tls.VersionTLS13, func(*http.Request) {})
	ask("header", false, 0, func(r *http.Request) { r.Header.Set("Connection", "close") })
	ask("field", false, 0, func(r *http.Request) { r.Close = true })
}
