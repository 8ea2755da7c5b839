package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// region says where calls go.
func (e *examination) region(o output) {
	if o.isOwn {
		e.say("region", o.about(), good, "calls go to "+o.endpoint.Redacted()+", whatever the region", "")
		return
	}
	e.say("region", o.about(), good, fmt.Sprintf("calls go to region %s; look once at the debugger of the source, because no request can tell "+
		"whether the workspace is there", o.region), "")
}

// network looks for the way to the endpoint, and says whether it has an answer and
// how long that took.
func (e *examination) network(ctx context.Context, o output) (isAnswered bool, latency time.Duration) {
	proxy, err := o.proxy()
	if err != nil {
		e.say("proxy", o.about(), wrong, "the URL of the proxy cannot be read", "write it as http://proxy:3128")
		return false, 0
	}
	host := o.endpoint.Hostname()
	if proxy != nil {
		host = proxy.Hostname()
	}
	if !e.resolves(ctx, o, host, proxy != nil) {
		return false, 0
	}
	secure, err := o.conf.FieldTLS(fieldTLS)
	if err != nil {
		e.say("tls", o.about(), wrong, "its settings cannot be used: "+err.Error(), "")
		return false, 0
	}
	return e.request(ctx, o, proxy, secure)
}

// proxy returns the proxy to the endpoint, or nil.
func (o output) proxy() (*url.URL, error) {
	if text := o.text(fieldProxy); text != "" {
		proxy, err := url.Parse(text)
		if err == nil && proxy.Hostname() == "" {
			err = errors.New("there is no host in it")
		}
		return proxy, err
	}
	return httpproxy.FromEnvironment().ProxyFunc()(o.endpoint)
}

func (e *examination) resolves(ctx context.Context, o output, host string, isProxy bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		fix := "check its spelling, and the DNS servers of this machine"
		if !isProxy {
			fix += "; where only a proxy leads out, set proxy_url"
		}
		e.say("dns", o.about(), wrong, "there is no address for "+host, fix)
		return false
	}
	what := host
	if isProxy {
		what = "the proxy " + host
	}
	e.say("dns", o.about(), good, fmt.Sprintf("%s has the address %s", what, addresses[0]), "")
	return true
}

// request asks for the root of the endpoint, which carries nothing.
func (e *examination) request(ctx context.Context, o output, proxy *url.URL, secure *tls.Config) (isAnswered bool, latency time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: secure, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, _, err := head(ctx, client, o.endpoint)
	if err != nil {
		e.unreached(o, proxy, err)
		return false, 0
	}
	e.reached(o, proxy, res)
	// The second request has the connection already, as those of a pipeline do.
	again, latency, err := head(ctx, client, o.endpoint)
	if err == nil {
		res = again
	}
	e.clock(o, res)
	return err == nil, latency
}

func head(ctx context.Context, client *http.Client, to *url.URL) (*http.Response, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, to.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	begin := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res, time.Since(begin), res.Body.Close()
}

func (e *examination) unreached(o output, proxy *url.URL, err error) {
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		e.say("tls", o.about(), wrong, "the certificate is from an authority that this machine does not know",
			"set tls.root_cas_file to its certificate; an inspecting proxy has one of its own")
	case errors.As(err, &named):
		e.say("tls", o.about(), wrong, "the certificate is for another host", "check endpoint")
	case errors.As(err, &invalid):
		e.say("tls", o.about(), wrong, "the certificate is not valid: "+invalid.Error(), "renew it, or check the clock of this machine")
	case errors.As(err, &record) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.say("tls", o.about(), wrong, "the port does not speak TLS", "check scheme and port of endpoint")
	case proxy != nil:
		e.say("proxy", o.about(), wrong, "the proxy "+proxy.Host+" does not lead to "+o.endpoint.Host+": "+cause(err),
			"check proxy_url, HTTPS_PROXY and NO_PROXY, and what the proxy allows")
	default:
		e.say("connection", o.about(), wrong, o.endpoint.Host+" does not answer: "+cause(err), "check endpoint, and what the firewall lets out")
	}
}

// cause is an error without the URL of the request.
func cause(err error) string {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("nothing came within %s", patience)
	}
	return err.Error()
}

// soon is when a certificate should be renewed.
const soon = 14 * 24 * time.Hour

func (e *examination) reached(o output, proxy *url.URL, res *http.Response) {
	if proxy != nil {
		e.say("proxy", o.about(), good, "the proxy "+proxy.Host+" leads to "+o.endpoint.Host, "")
	}
	if res.TLS == nil {
		e.say("connection", o.about(), good, o.endpoint.Host+" answers, without TLS", "")
		return
	}
	if secure, _ := o.conf.FieldTLS(fieldTLS); secure != nil && secure.InsecureSkipVerify {
		e.say("tls", o.about(), warning, "the certificate is not verified, so that anybody on the way can read the write key",
			"remove tls.skip_cert_verify, and set tls.root_cas_file where the certificate is of your own")
		return
	}
	end := res.TLS.PeerCertificates[0].NotAfter
	said := fmt.Sprintf("%s, and the certificate is valid until %s", tls.VersionName(res.TLS.Version), end.UTC().Format(time.DateOnly))
	if time.Until(end) < soon {
		e.say("tls", o.about(), warning, said, "renew it")
		return
	}
	e.say("tls", o.about(), good, said, "")
}

const (
	// A skew up to tolerable is no matter, since an answer says the second only. From
	// excessive on, times that Segment corrects by sentAt are wrong in reports.
	tolerable = 5 * time.Second
	excessive = 5 * time.Minute
)

// clock compares this machine's clock with that of the endpoint.
func (e *examination) clock(o output, res *http.Response) {
	theirs, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		e.say("clock", o.about(), good, "the endpoint does not say what time it is", "")
		return
	}
	skew := time.Since(theirs).Round(time.Second)
	direction := "ahead"
	if skew < 0 {
		skew, direction = -skew, "behind"
	}
	switch {
	case skew <= tolerable:
		e.say("clock", o.about(), good, "it agrees with the endpoint's", "")
	case skew < excessive:
		e.say("clock", o.about(), warning, fmt.Sprintf("it is %s %s of the endpoint's", skew, direction), "let NTP set it")
	default:
		e.say("clock", o.about(), wrong, fmt.Sprintf("it is %s %s of the endpoint's, and Segment moves the time of events by that", skew, direction), "let NTP set it")
	}
}
