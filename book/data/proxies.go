// Six hosts, one after the other, read to their ends, straight and through proxies, asked of real Go: goroutines left (main
// included) and connections that the first hop accepted; then what ProxyFromEnvironment says of some targets.
//
//	go run proxies.go serve ADDRESSES    the servers: an http origin, an https origin, an HTTP and a SOCKS proxy; prints them
//	go run proxies.go ROW                one row, with ADDRESSES in the variable of that name
//	HTTP_PROXY=… NO_PROXY=… go run proxies.go environment URL…
//
// Run in a module whose go.mod says `go 1.27` (or `go 1.19`).
package main

import (
	"bufio"
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
	"net/url"
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

func listen() (net.Listener, *int32) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	n := new(int32)
	return counting{l, n}, n
}

func join(a, b net.Conn) {
	go func() { io.Copy(b, a); b.Close() }()
	io.Copy(a, b)
	a.Close()
}

func answer(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }

func serve() {
	plain, nPlain := listen()
	go http.Serve(plain, http.HandlerFunc(answer))
	secure, nSecure := listen()
	go (&http.Server{Handler: http.HandlerFunc(answer), TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}).ServeTLS(secure, "", "")
	proxy, nProxy := listen()
	go http.Serve(proxy, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "CONNECT" {
			answer(w, r)
			return
		}
		up, err := net.Dial("tcp", secure.Addr().String())
		if err != nil {
			panic(err)
		}
		conn, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		join(conn, up)
	}))
	socks, nSocks := listen()
	go func() {
		for {
			conn, err := socks.Accept()
			if err != nil {
				return
			}
			go func() {
				r := bufio.NewReader(conn)
				head := make([]byte, 2)
				io.ReadFull(r, head)
				io.ReadFull(r, make([]byte, head[1]))
				conn.Write([]byte{5, 0})
				ask := make([]byte, 5)
				io.ReadFull(r, ask)
				rest := make([]byte, int(ask[4])+2)
				if ask[3] != 3 {
					panic("the targets are names")
				}
				io.ReadFull(r, rest)
				conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
				up, err := net.Dial("tcp", plain.Addr().String())
				if err != nil {
					panic(err)
				}
				join(conn, up)
			}()
		}
	}()
	counts, _ := listen()
	go http.Serve(counts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "plain %d, secure %d, proxy %d, socks %d", atomic.SwapInt32(nPlain, 0), atomic.SwapInt32(nSecure, 0), atomic.SwapInt32(nProxy, 0), atomic.SwapInt32(nSocks, 0))
	}))
	fmt.Printf("%s,%s,%s,%s,%s\n", plain.Addr(), secure.Addr(), proxy.Addr(), socks.Addr(), counts.Addr())
	select {}
}

func main() {
	row := os.Args[1]
	switch row {
	case "serve":
		serve()
	case "environment":
		for _, target := range os.Args[2:] {
			req, err := http.NewRequest("GET", target, nil)
			if err != nil {
				panic(err)
			}
			proxy, err := http.ProxyFromEnvironment(req)
			fmt.Println(target, proxy, err)
		}
		return
	}
	addrs := strings.Split(os.Getenv("ADDRESSES"), ",")
	plain, secure, proxy, socks, counts := addrs[0], addrs[1], addrs[2], addrs[3], addrs[4]
	dial := func(to string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "127.0.0.1:") {
				to = addr
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}
	}
	scheme, _, _ := strings.Cut(row, "_")
	target := map[string]string{"http": plain, "https": secure}[scheme]
	tr := &http.Transport{DialContext: dial(target), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, IdleConnTimeout: time.Minute}
	n := 0
	through := func(u string) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return url.Parse(u) }
	}
	unread := strings.HasSuffix(row, "_unread")
	switch strings.TrimSuffix(row, "_unread") {
	case "http_proxy", "https_proxy":
		tr.Proxy = through("http://" + proxy)
	case "http_socks":
		tr.Proxy = through("socks5://" + socks)
	case "http_users":
		tr.Proxy = func(*http.Request) (*url.URL, error) {
			n++
			return url.Parse(fmt.Sprintf("http://me:secret%d@%s", n%2, proxy))
		}
	}
	client := &http.Client{Transport: tr}
	for i := 1; i <= 6; i++ {
		resp, err := client.Get(fmt.Sprintf("%s://host-%d.test/", scheme, i))
		if err != nil {
			panic(err)
		}
		if !unread {
			io.ReadAll(resp.Body)
		}
	}
	time.Sleep(300 * time.Millisecond)
	left := runtime.NumGoroutine()
	resp, err := (&http.Client{Transport: &http.Transport{}}).Get("http://" + counts + "/")
	if err != nil {
		panic(err)
	}
	text, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s %s: left %d; accepted: %s\n", runtime.Version(), row, left, text)
}
