package wire

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"slices"
	"sync"
	"time"

	"benthos-segment/internal/tracking/internal/notice"
	"benthos-segment/internal/tracking/internal/outcome"
)

// tlsFiles reads the files of certificates again. They are replaced while we
// run, by whoever renews them, and nobody restarts us for that.
type tlsFiles struct {
	// read makes a configuration of them, or is nil where there are none.
	read func() (*tls.Config, error)
	log  notice.Log

	// at is when they were read last; guarded by mu.
	at time.Time
	mu sync.Mutex
	// unusable is when it was last said that they are.
	unusable notice.Repetition
}

// rereadPause is how often the files are read at most because of what may have
// another cause than a certificate.
const rereadPause = time.Second

// mayExplain says whether a request may have failed because of a certificate
// that was replaced, so that it is worth reading the files again. A refusal of
// TLS does. But many a server and load balancer closes the connection of a
// client whose certificate it does not like, or answers 400, as nginx does.
func (f *tlsFiles) mayExplain(res *http.Response, err error) bool {
	if f.read == nil || err == nil && !isAboutClient(res.StatusCode) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !isCertificateTrouble(err) && time.Since(f.at) < rereadPause {
		return false
	}
	f.at = time.Now()
	return true
}

// isAboutClient says whether a status may be about the client's certificate.
func isAboutClient(status int) bool {
	const badCertificate, noCertificate = 495, 496 // nginx's own
	return slices.Contains([]int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, badCertificate, noCertificate,
	}, status)
}

// isCertificateTrouble says whether a handshake failed because of the
// certificate of one side or the other.
func isCertificateTrouble(err error) bool {
	return err != nil && (outcome.IsUntrusted(err) || outcome.IsHandshakeRefusal(err))
}

// since returns the configuration that the files hold now, and whether it is
// another than before. Files that cannot be read, perhaps because they are being
// written, count as unchanged.
func (f *tlsFiles) since(before *tls.Config) (fresh *tls.Config, isNew bool) {
	fresh, err := f.read()
	switch {
	case err != nil:
		if f.unusable.IsDue(1) {
			f.log.Warn("cannot use the files of tls, so the certificates that they held before stay in use: " + err.Error())
		}
		return nil, false
	case isSame(before, fresh):
		return nil, false
	default:
		f.log.Info("the certificates of tls were replaced; new connections use the new ones")
		return fresh, true
	}
}

// isSame compares what can change in the files.
func isSame(a, b *tls.Config) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.RootCAs.Equal(b.RootCAs) && slices.EqualFunc(a.Certificates, b.Certificates, func(a, b tls.Certificate) bool {
		return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
	})
}
