package publicapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
)

// The token goes in clear text to hosts that are near, and to no others.
func TestATokenGoesInClearTextToHostsThatAreNear(t *testing.T) {
	for address, isAllowed := range map[string]bool{
		"http://localhost:8765/public-api": true,
		"http://sandbox/public-api":        true,
		"http://127.1.2.3":                 true,
		"http://10.0.0.1:80":               true,
		"http://192.168.1.1":               true,
		"http://172.31.0.1":                true,
		"http://[::1]:1":                   true,
		"http://[fd00::1]":                 true,
		"https://203.0.113.9/public-api":   true,
		"http://203.0.113.9/public-api":    false,
		"HTTP://203.0.113.9":               false,
		"http://172.32.0.1":                false,
		"http://api.segmentapis.com":       false,
		"http://localhost.example.com":     false,
		"http://[2001:db8::1]":             false,
		"http://3405803785":                false, // 203.0.113.9 as one number
		"http://0xcb007109":                false,
		"http://:80":                       false,
	} {
		t.Run(address, func(t *testing.T) {
			_, err := publicapi.New(publicapi.Config{BaseURL: address, Token: token})
			if isAllowed {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.NotContains(t, err.Error(), token)
		})
	}
}

// Clouds serve the metadata of a machine, its credentials among them, on
// link-local addresses. The field verify.endpoint refuses them, and so does
// everything else that takes such an address.
func TestATokenGoesToNoLinkLocalAddress(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "169.254.0.1:8080", "[fe80::1]", "[fe80::1%25eth0]", "[febf::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
	} {
		for _, scheme := range []string{"https", "http"} {
			_, err := publicapi.CheckURL(scheme + "://" + host + "/latest")
			require.Error(t, err, host)
			if scheme == "https" {
				assert.ErrorContains(t, err, "must not be a link-local address", host)
			}
		}
	}
	_, err := publicapi.CheckURL("https://169.253.169.254")
	assert.NoError(t, err)
}
