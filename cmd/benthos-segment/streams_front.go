package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// maxConfigBytes bounds the body of a request that brings configs.
const maxConfigBytes = 16 << 20

// front stands before the HTTP server of the engine in streams mode. It hands
// everything on. Of requests to the API for streams it refuses those that a web
// page has made, and scrubs what the engine answers.
type front struct {
	scrubber *scrubber
	// address is where it listens, and behind is the address that the engine has to listen on.
	address, behind string
	// managed matches the paths of the API, and read that of one stream, whose
	// config the engine shows.
	managed, read *regexp.Regexp
	origins       *http.CrossOriginProtection
	proxy         *httputil.ReverseProxy
	server        *http.Server
	ended         chan struct{}
}

// newFront listens in place of the engine.
func newFront(conf httpConfig, s *scrubber) (f *front, err error) {
	root := "^(" + regexp.QuoteMeta(conf.RootPath) + ")?"
	f = &front{
		scrubber: s,
		managed:  regexp.MustCompile(root + "/(streams|resources)(/|$)"),
		read:     regexp.MustCompile(root + "/streams/[^/]+$"),
		origins:  http.NewCrossOriginProtection(),
		ended:    make(chan struct{}),
	}
	if conf.CORS.Enabled {
		for _, origin := range conf.CORS.Origins {
			if err := f.origins.AddTrustedOrigin(origin); err != nil {
				return nil, fmt.Errorf("field http.cors.allowed_origins: %w; streams mode takes origins such as https://example.com, and no pattern", err)
			}
		}
	}
	secure, err := conf.tlsConfig()
	if err != nil {
		return nil, err
	}
	if f.behind, err = freeLoopback(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", conf.Address)
	if err != nil {
		return nil, fmt.Errorf("field http.address: %w", err)
	}
	f.address = listener.Addr().String()
	f.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: f.behind})
			r.Out.Host = r.In.Host
		},
		Transport:      &http.Transport{DisableCompression: true},
		FlushInterval:  -1,
		ModifyResponse: f.scrub,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "the engine does not answer: it is starting or stopping", http.StatusBadGateway)
		},
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute, TLSConfig: secure}
	go f.serve(listener)
	return f, nil
}

// serve ends with http.ErrServerClosed, after close.
func (f *front) serve(listener net.Listener) {
	defer close(f.ended)
	if f.server.TLSConfig != nil {
		_ = f.server.ServeTLS(listener, "", "")
		return
	}
	_ = f.server.Serve(listener)
}

// tlsConfig returns nil where no certificate is asked for.
func (c httpConfig) tlsConfig() (*tls.Config, error) {
	if c.CertFile == "" && c.KeyFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("fields http.cert_file and http.key_file: %w; both are needed, or neither", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func (f *front) close() {
	_ = f.server.Close()
	<-f.ended
}

// freeLoopback returns an address for the engine. Whoever finds it sees what
// the front hides, so that it is one of millions, where the system has them:
// no web page finds it by trying.
func freeLoopback() (string, error) {
	random := net.IPv4(127, byte(1+rand.IntN(254)), byte(rand.IntN(256)), byte(1+rand.IntN(254)))
	var errs error
	for _, ip := range []net.IP{random, net.IPv4(127, 0, 0, 1)} {
		listener, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
		if err == nil {
			return listener.Addr().String(), listener.Close()
		}
		errs = errors.Join(errs, err)
	}
	return "", fmt.Errorf("looking for an address for the engine: %w", errs)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.managed.MatchString(r.URL.Path) {
		if err := f.admit(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		if err := f.look(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	f.proxy.ServeHTTP(w, r)
}

// admit refuses what a web page may have sent: one from elsewhere, or one
// whose name leads here.
func (f *front) admit(r *http.Request) error {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if !isLoopbackHost(host) {
		return fmt.Errorf("the API for streams answers only under localhost and loopback addresses, not under %q", r.Host)
	}
	if err := f.origins.Check(r); err != nil {
		return fmt.Errorf("the API for streams accepts no requests from web pages of other origins, unless http.cors allows the origin: %w", err)
	}
	return nil
}

// look reads the configs that a request brings, to know their secrets.
func (f *front) look(w http.ResponseWriter, r *http.Request) error {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxConfigBytes))
	if err != nil {
		return fmt.Errorf("reading the config: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.Contains(body, []byte(scrubbed)) {
		return fmt.Errorf("the config contains %s, which the API shows in place of a secret: replace it with ${VARIABLE} or with the secret", scrubbed)
	}
	f.scrubber.environment.rememberIn(body)
	var conf any
	if yaml.Unmarshal(body, &conf) != nil {
		return nil // the engine says what is wrong with it
	}
	f.scrubber.learnNamed("", conf)
	configs := []any{conf}
	if set, isSet := conf.(map[string]any); isSet && !f.read.MatchString(r.URL.Path) {
		configs = slices.Collect(maps.Values(set)) // of all streams
	}
	for _, conf := range configs {
		_ = f.scrubber.learn(conf) // the engine says what is wrong with it, too
	}
	return nil
}

// scrub changes answers of the API: configs, and errors that may quote them.
func (f *front) scrub(res *http.Response) error {
	path := res.Request.URL.Path
	isConfig := res.StatusCode == http.StatusOK && res.Request.Method == http.MethodGet && f.read.MatchString(path)
	if !f.managed.MatchString(path) || !isConfig && res.StatusCode < http.StatusBadRequest {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	_ = res.Body.Close()
	if isConfig {
		body, err = f.scrubConfig(body)
	} else {
		body = []byte(f.scrubber.text(string(body)))
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return err
}

func (f *front) scrubConfig(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var stream map[string]any
	if err := decoder.Decode(&stream); err != nil {
		return nil, fmt.Errorf("reading a stream: %w", err)
	}
	stream["config"] = f.scrubber.config(stream["config"])
	return json.Marshal(stream)
}
