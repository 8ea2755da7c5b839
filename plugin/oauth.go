package plugin

import (
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/tracking/oauth"
	"benthos-segment/plugin/internal/parsed"
)

// oauthFromParsed returns nil where OAuth is left out, or all of it is empty
// as unset variables leave it.
func oauthFromParsed(conf *service.ParsedConfig) (*oauth.Config, error) {
	own := conf.Namespace(soFieldOAuth)
	clientID, err := parsed.Trimmed(own, soFieldOAuthClientID)
	if err != nil || clientID == "" {
		// The lint rule has made sure that the others are empty, too.
		return nil, err
	}
	auth := &oauth.Config{ClientID: clientID}
	if auth.KeyID, err = parsed.Trimmed(own, soFieldOAuthKeyID); err != nil {
		return nil, err
	}
	if auth.Scope, err = parsed.Trimmed(own, soFieldOAuthScope); err != nil {
		return nil, err
	}
	if auth.Server, err = parsed.Trimmed(own, soFieldOAuthServer); err != nil {
		return nil, err
	}
	if auth.Server == "" {
		if auth.Server, err = parsed.OneOf(conf, soFieldRegion, authorizationServers); err != nil {
			return nil, err
		}
	}
	key, err := parsed.Trimmed(own, soFieldOAuthPrivateKey)
	if err != nil {
		return nil, err
	}
	if auth.PrivateKey, err = oauth.ParsePrivateKey(key); err != nil {
		return nil, fmt.Errorf("field %s.%s: %w", soFieldOAuth, soFieldOAuthPrivateKey, err)
	}
	return auth, nil
}
