// Six GETs over TLS, one after the other, read to their ends, asked of real Go: goroutines left (main included), connections
// accepted, handshakes of each kind, and the round trips that the handshakes waited for.
//
//	go run http2_six.go serve          the server: prints its address, answers GET /count
//	go run http2_six.go serve_h2_only  one whose handshake takes nothing but h2
//	go run http2_six.go ROW ADDRESS    one row against it
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`).
package main

import (
	"context"
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
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

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

type counting struct {
	net.Listener
	accepted *int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		atomic.AddInt32(c.accepted, 1)
	}
	return conn, err
}

func serve(protos []string) {
	var accepted int32
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello, "+r.Proto) })
	counts, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(counts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, atomic.SwapInt32(&accepted, 0)) }))
	fmt.Println(l.Addr().String() + "," + counts.Addr().String())
	server := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: protos}}
	server.ServeTLS(counting{l, &accepted}, "", "")
}

// turned counts how often its side waited for the other: bytes that come after bytes that went.
type turned struct {
	net.Conn
	asked bool
	trips *int
}

func (t *turned) Write(p []byte) (int, error) {
	t.asked = true
	return t.Conn.Write(p)
}

func (t *turned) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 && t.asked {
		t.asked = false
		*t.trips++
	}
	return n, err
}

func main() {
	row := os.Args[1]
	if row == "serve" {
		serve(nil)
		return
	}
	if row == "serve_h2_only" {
		// A server that takes part in nothing but h2: the listener is crypto/tls's own.
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}})
		if err != nil {
			panic(err)
		}
		fmt.Println(l.Addr().String() + ",")
		http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello, "+r.Proto) }))
	}
	addr, counts, _ := strings.Cut(os.Args[2], ",")
	config := &tls.Config{InsecureSkipVerify: true}
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.TLSClientConfig = config
	sessions := strings.HasSuffix(row, "_sessions")
	if sessions {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(10)
	}
	name := strings.TrimSuffix(row, "_sessions")
	if strings.HasSuffix(name, "_tls12") {
		config.MaxVersion = tls.VersionTLS12
		name = strings.TrimSuffix(name, "_tls12")
	}
	off := map[string]func(string, *tls.Conn) http.RoundTripper{}
	switch name {
	case "h2", "h2_unread":
	case "off_map":
		tr.TLSNextProto = off
	case "off_config": // a TLSClientConfig of one's own, and nobody asks for h2
		tr = &http.Transport{TLSClientConfig: config}
	case "off_config_forced":
		tr = &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	case "kept":
		tr.TLSNextProto = off
	case "each":
		tr.TLSNextProto, tr.DisableKeepAlives = off, true
	case "only_http1":
		tr.TLSNextProto = off
		config.NextProtos = []string{"http/1.1"}
	}
	full, resumed, trips := 0, 0, 0
	var last *turned
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		last = &turned{conn, false, new(int)}
		return last, nil
	}
	trace := &httptrace.ClientTrace{TLSHandshakeDone: func(state tls.ConnectionState, err error) {
		trips += *last.trips
		if state.DidResume {
			resumed++
		} else {
			full++
		}
	}}
	proto := ""
	client := &http.Client{Transport: tr}
	for i := 0; i < 6; i++ {
		req, _ := http.NewRequest("GET", "https://"+addr+"/", nil)
		resp, err := client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err != nil {
			proto = err.Error()
			break
		}
		proto = resp.Proto
		if name != "h2_unread" {
			io.ReadAll(resp.Body)
		}
	}
	time.Sleep(300 * time.Millisecond)
	left := runtime.NumGoroutine()
	accepted := "?"
	if counts != "" {
		plain := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
		resp, err := plain.Get("http://" + counts + "/")
		if err != nil {
			panic(err)
		}
		text, _ := io.ReadAll(resp.Body)
		accepted = string(text)
	}
	fmt.Printf("%s %s: %s: left %d, accepted %s, full %d, resumed %d, round trips %d\n", runtime.Version(), row, proto, left, accepted, full, resumed, trips)
}
