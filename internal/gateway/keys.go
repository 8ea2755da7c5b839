package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// keys are the write keys that are accepted, as digests, which are compared in
// the same time whatever they are. None accepts any key.
type keys struct {
	digests [][sha256.Size]byte
	// only is the key where there is exactly one.
	only string
}

func newKeys(writeKeys []string) keys {
	var k keys
	for _, key := range writeKeys {
		k.digests = append(k.digests, sha256.Sum256([]byte(key)))
	}
	if len(writeKeys) == 1 {
		k.only = writeKeys[0]
	}
	return k
}

// maxKey is how long a write key may be. It goes with every event, and those of
// both worlds have some thirty letters.
const maxKey = 1_000

func (k keys) accepts(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	if len(k.digests) == 0 {
		return true
	}
	digest := sha256.Sum256([]byte(key))
	found := 0
	for i := range k.digests {
		found |= subtle.ConstantTimeCompare(digest[:], k.digests[i][:])
	}
	return found == 1
}

// invalidKey is 401: the older mobile SDKs of RudderStack then stop and keep their
// events. Its Kotlin and Swift SDKs delete theirs, so that it is said only where
// the list of keys is certain.
func invalidKey() *answer {
	return refuse(http.StatusUnauthorized, codeInvalidKey,
		"invalid write key: send the key of one of the sources as the user of Basic authentication, or as writeKey")
}
