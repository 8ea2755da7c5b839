package outcome

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strconv"
	"strings"
	"time"
)

// certificateFailure is about a server whose certificate does not hold. Go's
// own texts repeat what the certificate says, which whoever has made it is free
// to choose.
func certificateFailure(err error) (Failure, bool) {
	if !IsUntrusted(err) {
		return Failure{}, false
	}
	return Failure{Setup, describeCertificate(err)}, true
}

// IsUntrusted says whether the certificate of a server does not hold.
func IsUntrusted(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid)
}

func describeCertificate(err error) string {
	if host, isIt := errors.AsType[x509.HostnameError](err); isIt {
		return "a certificate for " + namesOf(host.Certificate) + " and not for " + shown(host.Host)
	}
	if authority, isIt := errors.AsType[x509.UnknownAuthorityError](err); isIt {
		return "a certificate of an authority that is not trusted" + issuerOf(authority.Cert) +
			" (look at root_cas and root_cas_file of tls)"
	}
	if invalid, isIt := errors.AsType[x509.CertificateInvalidError](err); isIt {
		return describeInvalid(invalid)
	}
	return "a certificate that cannot be verified"
}

func describeInvalid(invalid x509.CertificateInvalidError) string {
	if invalid.Reason != x509.Expired || invalid.Cert == nil {
		return "a certificate that does not hold, or whose authority may not have signed it"
	}
	if from := invalid.Cert.NotBefore; time.Now().Before(from) {
		return "a certificate that is not valid before " + from.UTC().Format(time.RFC3339) + " by the clock of this machine"
	}
	return "a certificate that expired at " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
}

// maxShownNames is how many names of a certificate are repeated.
const maxShownNames = 3

func namesOf(cert *x509.Certificate) string {
	var names []string
	if cert != nil {
		names = append(names, cert.DNSNames...)
		for _, address := range cert.IPAddresses {
			names = append(names, address.String())
		}
	}
	if len(names) == 0 {
		return "no host at all"
	}
	further := ""
	if len(names) > maxShownNames {
		further = " and " + strconv.Itoa(len(names)-maxShownNames) + " more"
		names = names[:maxShownNames]
	}
	for i := range names {
		names[i] = shown(names[i])
	}
	return strings.Join(names, ", ") + further
}

func issuerOf(cert *x509.Certificate) string {
	if cert == nil || cert.Issuer.CommonName == "" {
		return ""
	}
	return ", which calls itself " + shown(cert.Issuer.CommonName)
}

// maxShown is how much of a text is repeated that somebody else has written.
const maxShown = 64

// shown returns a text of somebody else as one that harms no log: short, in
// quotes, and without a character that is not printable ASCII.
func shown(text string) string {
	more := ""
	if len(text) > maxShown {
		text, more = strings.ToValidUTF8(text[:maxShown], ""), "…"
	}
	return strconv.QuoteToASCII(text) + more
}
