package pagetest

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// address is what a reader asked for, as the page keeps it in its address.
type address struct {
	q      string
	since  int
	call   int
	person string
}

func (a address) query() string {
	v := url.Values{}
	if a.q != "" {
		v.Set("q", a.q)
	}
	if a.since > 0 {
		v.Set("since", strconv.Itoa(a.since))
	}
	return v.Encode()
}

// reader does at random what readers do, and knows what they have to see.
type reader struct {
	t      *testing.T
	tb     *tab
	server *httptest.Server
	random *rand.Rand

	history []address
	at      int
	paused  bool
	limit   int
	sent    int
}

// picture is everything that the page says about the calls.
type picture struct {
	Count  string
	Rows   map[string]int
	Held   string
	Link   string
	Chips  map[string]string
	Chosen []string
	Fault  bool
	Empty  string
	Filter string
	Search string
	Open   string
	// Attempts are those of the open call, Person is the number of the calls
	// of the person that is shown.
	Attempts, Person string
}

const takePicture = `JSON.stringify({
	Count: document.querySelector("#scroller").ariaRowCount,
	Rows: Object.fromEntries([...document.querySelectorAll("#spacer .row")].map(r => [r.ariaRowIndex, +r.dataset.seq])),
	Held: document.querySelector("#held").innerText,
	Link: document.querySelector("#link").innerText,
	Chips: Object.fromEntries([...document.querySelectorAll("#types button")].map(b => [b.dataset.type, b.querySelector("b").textContent])),
	Chosen: [...document.querySelectorAll("#types [aria-pressed=true]")].map(b => b.dataset.type),
	Fault: !document.querySelector("#fault").hidden,
	Empty: document.querySelector("#empty").dataset.kind ?? "",
	Filter: document.querySelector("#q").value,
	Search: new URLSearchParams(location.search).toString(),
	Open: document.querySelector(".detail article")?.ariaLabel ?? "",
	Attempts: [...document.querySelectorAll(".detail h3")].find(h => /^\d+ attempts?$/.test(h.textContent))?.textContent ?? "",
	Person: document.querySelector("#person").hidden ? "" : document.querySelector("#person > .bar + p, #person .bar small")?.innerText ?? "",
})`

func (r *reader) view() address { return r.history[r.at] }

// visit is a step that Back takes back.
func (r *reader) visit(a address) {
	if a == r.view() {
		return
	}
	r.history = append(r.history[:r.at+1], a)
	r.at++
}

func (r *reader) ask(method, path, body string, into any) (status int) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+"/api/v1/"+path, strings.NewReader(body))
	require.NoError(r.t, err)
	resp, err := r.server.Client().Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	if into != nil {
		require.NoError(r.t, json.Unmarshal(text, into))
	}
	return resp.StatusCode
}

func (r *reader) api(method, path, body string, into any) {
	r.t.Helper()
	require.Less(r.t, r.ask(method, path, body, into), 300, "%s %s", method, path)
}

// seqs asks the API which calls there are, the newest first.
func (r *reader) seqs(q string, since, until int) (seqs []int) {
	v := url.Values{"order": {"newest"}, "limit": {"10000"}, "since": {strconv.Itoa(since)}, "q": {q}}
	if until >= 0 {
		v.Set("until", strconv.Itoa(until))
	}
	var list struct{ Calls []struct{ Seq int } }
	r.api("GET", "calls?"+v.Encode(), "", &list)
	for _, call := range list.Calls {
		seqs = append(seqs, call.Seq)
	}
	return seqs
}

type summary struct {
	Held       int            `json:"calls_held"`
	HeldByType map[string]int `json:"held_by_type"`
	Last       int            `json:"last_seq"`
}

func (r *reader) summary() (s summary) {
	r.api("GET", "summary", "", &s)
	return s
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// truth is the picture that the API gives, and the calls that are seen.
func (r *reader) truth() (picture, []int) {
	v, until := r.view(), -1
	want := picture{Filter: v.q, Rows: map[string]int{}, Chips: map[string]string{}, Chosen: []string{}, Link: "Live"}
	waiting := 0
	if r.paused {
		until = r.limit
		waiting = len(r.seqs(v.q, max(v.since, r.limit), -1))
		want.Link = fmt.Sprintf("Paused, %d new", waiting)
	}
	seqs := r.seqs(v.q, v.since, until)
	sum := r.summary()
	want.Count = strconv.Itoa(len(seqs))
	shown := "shown"
	if v.q != "" {
		shown = "match"
	}
	want.Held = fmt.Sprintf("%d of %s %s", len(seqs), counted(sum.Held, "call"), shown)
	if v.q == "" && len(seqs) == sum.Held {
		want.Held = counted(sum.Held, "call") + " held"
	}
	for _, kind := range strings.Fields("identify track page screen group alias unknown") {
		want.Chips[kind] = strconv.Itoa(sum.HeldByType[kind])
		if slices.Contains(strings.Fields(v.q), "type:"+kind) {
			want.Chosen = append(want.Chosen, kind)
		}
	}
	var faults struct{ Faults []struct{ Active bool } }
	r.api("GET", "faults", "", &faults)
	for _, f := range faults.Faults {
		want.Fault = want.Fault || f.Active
	}
	switch {
	case len(seqs) > 0:
	case waiting > 0:
		want.Empty = "paused"
	case v.since > 0:
		want.Empty = "cleared"
	case v.q != "":
		want.Empty = "none"
	default:
		want.Empty = "welcome"
	}
	query := v.query()
	if v.call > 0 {
		query = strings.TrimPrefix(query+"&call="+strconv.Itoa(v.call), "&")
		if slices.Contains(seqs, v.call) {
			want.Open = "Call " + strconv.Itoa(v.call)
			want.Attempts = r.attempts(v.call)
		}
	}
	if v.person != "" {
		query = strings.TrimPrefix(query+"&person="+v.person, "&")
		want.Person = r.person(v.person)
	}
	// Browsers leave the star as it is.
	want.Search = strings.ReplaceAll(query, "%2A", "*")
	return want, seqs
}

func (r *reader) attempts(call int) string {
	var told struct{ Attempts []any }
	r.api("GET", fmt.Sprint("calls/", call), "", &told)
	return counted(len(told.Attempts), "attempt")
}

// person is what the page says of a person: the number of calls, or why there are
// none.
func (r *reader) person(id string) string {
	var told struct {
		Total int
		Error string
	}
	r.ask("GET", "person?id="+id, "", &told)
	if told.Error != "" {
		return told.Error
	}
	return counted(told.Total, "call")
}

// compare waits until the page shows what the API says.
func (r *reader) compare(step string) {
	r.t.Helper()
	want, seqs := r.truth()
	deadline := time.Now().Add(patience)
	for {
		var got picture
		require.NoError(r.t, json.Unmarshal([]byte(js[string](r.tb, takePicture)), &got))
		rows := got.Rows
		got.Rows = want.Rows
		if r.view().person != "" {
			// The list is not seen.
			rows, seqs = nil, nil
			got.Count, got.Open, got.Attempts, got.Empty = want.Count, want.Open, want.Attempts, want.Empty
		}
		if r.paused {
			// What is open is held as it was.
			got.Attempts, got.Person = want.Attempts, want.Person
		}
		wrong := ""
		for index, seq := range rows {
			i, err := strconv.Atoi(index)
			if err != nil || i > len(seqs) || seqs[i-1] != seq {
				wrong = fmt.Sprintf("row %s shows call %d", index, seq)
			}
		}
		if len(seqs) > 0 && len(rows) == 0 {
			wrong = "no row is shown"
		}
		if wrong == "" && assert.ObjectsAreEqual(want, got) {
			return
		}
		if time.Now().After(deadline) {
			require.Empty(r.t, wrong, "after %s", step)
			require.Equal(r.t, want, got, "after %s", step)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Whatever readers do, and in whatever order, the page says what the API says.
// SEED plays another sequence, STEPS a longer one.
func TestThePageSaysWhatTheAPISays(t *testing.T) {
	seeds, length := []uint64{1, 2, 3}, 30
	if seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seeds = []uint64{seed}
	}
	if n, err := strconv.Atoi(os.Getenv("STEPS")); err == nil {
		length = n
	}
	var names []string
	for name := range steps {
		names = append(names, name)
	}
	// What makes most of the traffic comes most.
	slices.Sort(names)
	names = append(names, "send", "send", "send", "pause", "filter", "back")
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(segmenttest.NewInProcess(t))
			t.Cleanup(server.Close)
			t.Cleanup(server.CloseClientConnections)
			r := &reader{t: t, tb: open(t, server.URL), server: server, random: rand.New(rand.NewPCG(seed, 0)), history: []address{{}}}
			r.compare("the start")
			var played []string
			for range length {
				name := names[r.random.IntN(len(names))]
				if r.view().person != "" && slices.Contains(ofTheList, name) {
					continue
				}
				played = append(played, name)
				steps[name](r)
				r.compare(strings.Join(played, ", "))
			}
		})
	}
}
