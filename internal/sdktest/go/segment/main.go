// Segment's SDK for Go. For each number on stdin it makes every call it has, and
// waits until they were delivered.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/segmentio/analytics-go/v3"
)

func main() {
	url, writeKey, person := os.Args[1], os.Args[2], os.Args[3]
	outcomes := make(chan error, 100)
	client, err := analytics.NewWithConfig(writeKey, analytics.Config{
		Endpoint: url, Interval: 100 * time.Millisecond, Callback: told(outcomes),
	})
	if err != nil {
		log.Fatal(err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		calls := []analytics.Message{
			analytics.Identify{UserId: person, Traits: analytics.Traits{"plan": "pro", "n": n}},
			analytics.Track{UserId: person, Event: "Order Completed", Properties: analytics.Properties{"total": 9.5, "n": n}},
			analytics.Page{UserId: person, Name: "Cart", Properties: analytics.Properties{"category": "Shop", "n": n}},
			analytics.Screen{UserId: person, Name: "Cart", Properties: analytics.Properties{"category": "Shop", "n": n}},
			analytics.Group{UserId: person, GroupId: fmt.Sprintf("team-%d", n), Traits: analytics.Traits{"n": n}},
			analytics.Alias{UserId: person, PreviousId: fmt.Sprintf("%s-%d", person, n)},
		}
		for _, call := range calls {
			if err := client.Enqueue(call); err != nil {
				log.Fatal(err)
			}
		}
		for range calls {
			if err := <-outcomes; err != nil {
				log.Fatal(err)
			}
		}
	}
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}

// told hands on what the SDK says about each call in the end.
type told chan error

func (t told) Success(analytics.Message)            { t <- nil }
func (t told) Failure(_ analytics.Message, e error) { t <- e }
