// Package oauth gets the access tokens that requests are authorized by.
package oauth

import (
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/golang-jwt/jwt/v5"
)

// Config identifies the sender by assertions that it signs, instead of by the
// write key alone.
// https://www.twilio.com/docs/segment/connections/oauth
type Config struct {
	// ClientID is the id of the OAuth application at Segment, KeyID that of
	// its public key.
	ClientID, KeyID string
	// PrivateKey signs the assertions.
	PrivateKey *rsa.PrivateKey
	// Server is the base URL of the authorization server of the region.
	Server string
	// Scope is what the token is to be good for.
	Scope string
}

// ParsePrivateKey reads an RSA key in PEM, as Segment asks for it. The line
// breaks may be written as \n, since many environments hold one line only.
func ParsePrivateKey(text string) (*rsa.PrivateKey, error) {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text))
	if err != nil {
		// The error of the parser may repeat a part of the key.
		return nil, errors.New("this is not an RSA private key in PEM, which starts with -----BEGIN PRIVATE KEY-----")
	}
	return key, nil
}

const (
	// Segment takes assertions that live for less than a minute. They are
	// dated back a little, for clocks that are measured to the second.
	assertionLife = 55 * time.Second
	assertionSlip = 5 * time.Second
)

// assertion returns a signed statement of who we are, good for one token. The
// time is the authorization server's, as far as it is known.
func (c Config) assertion(now time.Time) (string, error) {
	id, err := uuid.NewV4()
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    c.ClientID,
		Subject:   c.ClientID,
		Audience:  jwt.ClaimStrings{c.server()},
		IssuedAt:  jwt.NewNumericDate(now.Add(-assertionSlip)),
		ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
		ID:        id.String(),
	})
	token.Header["kid"] = c.KeyID
	return token.SignedString(c.PrivateKey)
}

func (c Config) server() string { return strings.TrimRight(c.Server, "/") }
