package cookbook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listen lets a recipe listen where nobody else does, and returns its URL.
func (k *kitchen) listen() (url string) {
	k.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(k, err)
	require.NoError(k, listener.Close())
	k.environment["WEBHOOK_ADDRESS"] = listener.Addr().String()
	k.start()
	return "http://" + listener.Addr().String()
}

// post sends a body as soon as the recipe listens, and returns the status of the
// answer.
func (k *kitchen) post(url string, header map[string]string, body string) (status int) {
	k.Helper()
	k.await("it listens", func() bool {
		req, err := http.NewRequestWithContext(k.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(k, err)
		for name, value := range header {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		status = res.StatusCode
		return true
	})
	return status
}

func (k *kitchen) body(file string) string {
	k.Helper()
	body, err := os.ReadFile(k.path(file))
	require.NoError(k, err)
	return string(body)
}

func signature(secret, signed string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

const secretOfTest = "shpss_Äöü-secret"

func shopify(k *kitchen) {
	k.environment["SHOPIFY_SECRET"] = secretOfTest
	url := k.listen() + "/shopify"
	header := func(secret, topic, event, body string) map[string]string {
		return map[string]string{
			"Content-Type":           "application/json",
			"X-Shopify-Topic":        topic,
			"X-Shopify-Event-Id":     event,
			"X-Shopify-Webhook-Id":   "delivery-of-" + event,
			"X-Shopify-Shop-Domain":  "tea.myshopify.com",
			"X-Shopify-Triggered-At": "2026-03-14T09:12:00.123456789Z",
			"X-Shopify-Hmac-Sha256":  base64.StdEncoding.EncodeToString(signature(secret, body)),
		}
	}
	order := k.body("orders_create.json")
	assert.Equal(k, http.StatusUnauthorized, k.post(url, nil, order), "unsigned")
	assert.Equal(k, http.StatusUnauthorized, k.post(url, header("guessed", "orders/create", "e1", order), order))
	assert.Equal(k, http.StatusUnauthorized, k.post(url, header(secretOfTest, "orders/create", "e1", order), order+" "), "another body")
	assert.Equal(k, http.StatusUnauthorized, k.post(url, header("", "orders/create", "e1", order), order), "no secret")

	for _, delivery := range []struct{ topic, event, file string }{
		{"customers/create", "e0", "customers_create.json"},
		{"orders/create", "e1", "orders_create.json"},
		{"orders/create", "e1", "orders_create.json"}, // once more
		{"orders/create", "e2", "orders_create_guest.json"},
		{"orders/cancelled", "e3", "orders_create.json"},
		{"products/update", "e4", "orders_create.json"}, // not for Segment
	} {
		body := k.body(delivery.file)
		assert.Equal(k, http.StatusOK, k.post(url, header(secretOfTest, delivery.topic, delivery.event, body), body))
	}
	k.sandbox.Wait(5)
	without := k.body("customers_create.json")
	idless := header(secretOfTest, "customers/create", "", without)
	delete(idless, "X-Shopify-Event-Id")
	delete(idless, "X-Shopify-Webhook-Id")
	assert.Equal(k, http.StatusOK, k.post(url, idless, without))
	k.await("there is a dead letter", func() bool {
		letters, err := os.ReadFile(k.dead)
		return err == nil && strings.HasSuffix(string(letters), "\n")
	})
	k.compare()
	assert.Equal(k, 1, k.sandbox.Summary().Duplicates)
}

func stripe(k *kitchen) {
	k.environment["STRIPE_SECRET"] = secretOfTest
	url := k.listen() + "/stripe"
	signed := func(secret, body string, age time.Duration) map[string]string {
		at := time.Now().Add(-age).Unix()
		sign := hex.EncodeToString(signature(secret, fmt.Sprintf("%d.%s", at, body)))
		return map[string]string{
			"Content-Type":     "application/json",
			"Stripe-Signature": fmt.Sprintf("t=%d,v1=%s,v1=%s,v0=%[3]s", at, strings.Repeat("0", 64), sign),
		}
	}
	body := k.body("payment_succeeded.json")
	assert.Equal(k, http.StatusBadRequest, k.post(url, nil, body), "unsigned")
	assert.Equal(k, http.StatusBadRequest, k.post(url, signed("guessed", body, 0), body))
	assert.Equal(k, http.StatusBadRequest, k.post(url, signed("", body, 0), body), "no secret")
	assert.Equal(k, http.StatusBadRequest, k.post(url, signed(secretOfTest, body, 0), body+" "), "another body")
	assert.Equal(k, http.StatusBadRequest, k.post(url, signed(secretOfTest, body, time.Hour), body), "a request of an hour ago")
	assert.Equal(k, http.StatusBadRequest, k.post(url, signed(secretOfTest, body, -time.Hour), body), "a request of tomorrow")
	assert.Equal(k, http.StatusBadRequest, k.post(url, map[string]string{"Stripe-Signature": "t=x,v1=,,"}, body))
	assert.Empty(k, k.sandbox.Calls())

	for _, file := range []string{
		"customer_created.json", "payment_succeeded.json", "payment_succeeded.json", "charge_refunded.json",
		"charge_refunded_rest.json", "payment_of_guest.json", "subscription_deleted.json", "product_created.json",
	} {
		body := k.body(file)
		assert.Equal(k, http.StatusOK, k.post(url, signed(secretOfTest, body, time.Minute), body), file)
	}
	k.compare()
	assert.Equal(k, 1, k.sandbox.Summary().Duplicates)
}

func measurementProtocol(k *kitchen) {
	k.environment["GA4_API_SECRET"] = secretOfTest
	url := k.listen() + "/mp/collect?measurement_id=G-1&api_secret="
	body := k.body("purchase.json")
	assert.Equal(k, http.StatusUnauthorized, k.post(url, nil, body))
	assert.Equal(k, http.StatusUnauthorized, k.post(url+"guessed", nil, body))
	assert.Empty(k, k.sandbox.Calls())

	for range 2 { // the sender tries again
		assert.Equal(k, http.StatusOK, k.post(url+"shpss_%C3%84%C3%B6%C3%BC-secret", nil, body))
	}
	assert.Equal(k, http.StatusOK, k.post(url+"shpss_%C3%84%C3%B6%C3%BC-secret", nil, k.body("page_view.json")))
	k.compare()
	assert.Equal(k, 2, k.sandbox.Summary().Duplicates)
}
