package documents_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/cmd/benthos-segment/internal/documents"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read returns what a file has, one text a document, and how it ends.
func read(from io.Reader, maxBytes int) (found []string, err error) {
	reader := documents.NewReader(from, maxBytes)
	for {
		doc, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		text := string(doc.Payload)
		if doc.Problem != nil {
			text = string(doc.Problem.Reason)
		}
		found = append(found, fmt.Sprintf("%d:%d %s", doc.Line, doc.Column, text))
	}
}

func TestAFileIsReadDocumentByDocument(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"nothing":                   {"", nil},
		"a line":                    {`{"a":1}`, []string{`1:1 {"a":1}`}},
		"lines":                     {"{\"a\":1}\n{\"a\":2}\n", []string{`1:1 {"a":1}`, `2:1 {"a":2}`}},
		"lines with blank ones":     {"{\"a\":1}\n\n  {\"a\":2}\n", []string{`1:1 {"a":1}`, `2:1 `, `3:1   {"a":2}`}},
		"Windows":                   {"{\"a\":1}\r\n{\"a\":2}\r\n", []string{"1:1 {\"a\":1}\r", "2:1 {\"a\":2}\r"}},
		"a mark at the front":       {"\xef\xbb\xbf[1,\n2]", []string{"1:2 1", "2:1 2"}},
		"an array on a line":        {"[{},{}]\n[1]\n", []string{"1:1 [{},{}]", "2:1 [1]"}},
		"an array is all there is":  {"[{\"a\":1}, {\"b\":2}]\n", []string{`1:2 {"a":1}`, `1:11 {"b":2}`}},
		"a column is a character":   {`[{"a":"é€🙂"},{}]`, []string{`1:2 {"a":"é€🙂"}`, "1:14 {}"}},
		"an array over lines":       {"[\n  {\"é\":1},\n  {\"b\":[1,\n2]}, 3\n]\n{}\n", []string{`2:3 {"é":1}`, "3:3 {\"b\":[1,\n2]}", "4:6 3", "6:1 {}"}},
		"commas lead":               {"[{\"a\":1}\n,{\"b\":2}\n]", []string{`1:2 {"a":1}`, `2:2 {"b":2}`}},
		"an array without an end":   {"[\n{\"a\":1},\n", []string{`2:1 {"a":1}`, "3:1 invalid_json"}},
		"an empty array over lines": {"[\n]\n{}", []string{"3:1 {}"}},
		"printed over lines":        {"{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}\n{\n  \"c\": 2\n}\n", []string{"1:1 {\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}", "8:1 {\n  \"c\": 2\n}"}},
		"braces in texts":           {"{\n\"a\": \"}\\\"{\"\n}\n{}", []string{"1:1 {\n\"a\": \"}\\\"{\"\n}", "4:1 {}"}},
		"a line is cut off":         {"{\"a\":1,\n{\"b\":2}\n{\"c\":3}\n", []string{`1:1 {"a":1,`, `2:1 {"b":2}`, `3:1 {"c":3}`}},
		"cut off in a text":         {"{\"a\":\"te\n{\"b\":2}\n", []string{`1:1 {"a":"te`, `2:1 {"b":2}`}},
		"cut off in a number":       {"{\"a\":{\"b\":1\n{\"b\":2}\n", []string{`1:1 {"a":{"b":1`, `2:1 {"b":2}`}},
		"no JSON":                   {"hello\n{\"b\":2}\n", []string{"1:1 hello", `2:1 {"b":2}`}},
		"broken, over lines":        {"{\n  \"a\": NaN,\n  \"b\": {}\n}\n{\n  \"c\": 2\n}\n", []string{"1:1 {\n  \"a\": NaN,\n  \"b\": {}\n}", "5:1 {\n  \"c\": 2\n}"}},
		"broken in a text":          {"{\n  \"a\": \"x\n  \"b\": {}\n}\n{\n  \"c\": 2\n}\n", []string{"1:1 {\n  \"a\": \"x", "5:1 {\n  \"c\": 2\n}"}},
		"broken in an array":        {"[{\"a\":NaN},{\"b\":2}]", []string{`1:2 {"a":NaN}`, `1:12 {"b":2}`}},
		"broken in lines of an array": {
			"[\n {\"a\":tru},\n {\"b\":\"x\n },\n {\"c\":3}\n]\n{}",
			[]string{`2:2 {"a":tru}`, `3:2 {"b":"x`, `5:2 {"c":3}`, "7:1 {}"},
		},
		"UTF-16 by its mark":    {"\xff\xfe{\x00}\x00", []string{"1:1 invalid_json"}},
		"UTF-16 by its zeros":   {"{\x00}\x00\n\x00", []string{"1:1 invalid_json"}},
		"UTF-16, the other way": {"\x00{\x00}", []string{"1:1 invalid_json"}},
		"UTF-32":                {"\xff\xfe\x00\x00{\x00\x00\x00", []string{"1:1 invalid_json"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, from := range []io.Reader{
				strings.NewReader(test.file), iotest.OneByteReader(strings.NewReader(test.file)), iotest.DataErrReader(strings.NewReader(test.file)),
			} {
				found, err := read(from, documents.DefaultMaxBytes)
				require.NoError(t, err)
				assert.Equal(t, test.want, found)
			}
		})
	}
}

// vectordotdev/vector#150: one long line takes all memory.
func TestWhatIsTooLongIsSkipped(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"a line":                     {long + "\n{}\n", []string{"1:1 line_too_long", "2:1 {}"}},
		"the last line":              {"{}\n" + long, []string{"1:1 {}", "2:1 line_too_long"}},
		"an object":                  {`{"a":"` + long + "\"}\n{}", []string{"1:1 line_too_long", "2:1 {}"}},
		"an object over lines":       {"{\n\"a\":\"" + long + "\",\n\"b\": \"}\"}\n{}\n", []string{"1:1 line_too_long", "4:1 {}"}},
		"an array of short elements": {"[" + strings.Repeat(`{"a":1},`, 300) + "{}]\n{}", nil},
		"an element":                 {`[{},{"a":"` + long + "\"},\n{\"b\":1}]\n{}", []string{"1:2 {}", "1:5 line_too_long", `2:1 {"b":1}`, "3:1 {}"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := read(strings.NewReader(test.file), 200)
			require.NoError(t, err)
			if test.want == nil {
				assert.Len(t, found, 302)
				return
			}
			assert.Equal(t, test.want, found)
		})
	}
}

func TestALineWithoutAnEndTakesNoMemory(t *testing.T) {
	zeros, err := os.Open("/dev/zero")
	if err != nil {
		t.Skip("there is no /dev/zero")
	}
	defer zeros.Close()
	file := io.MultiReader(io.LimitReader(zeros, 1<<30), strings.NewReader("\n{}"))
	reader := documents.NewReader(file, 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	doc, err := reader.Next()
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, documents.ReasonTooLong, doc.Problem.Reason)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
	doc, err = reader.Next()
	require.NoError(t, err)
	assert.Equal(t, "{}", string(doc.Payload))
}

func TestCompressedFilesAreKnownByTheirFirstBytes(t *testing.T) {
	text := "{\"a\":1}\n{\"b\":2}\n"
	want := []string{`1:1 {"a":1}`, `2:1 {"b":2}`}
	var zipped, twice, zstandard bytes.Buffer
	for _, into := range []*bytes.Buffer{&zipped, &twice} {
		w := gzip.NewWriter(into)
		_, _ = io.WriteString(w, text)
		require.NoError(t, w.Close())
	}
	// What is appended to a log that is compressed already is a member of its own.
	w := gzip.NewWriter(&twice)
	_, _ = io.WriteString(w, `{"c":3}`)
	require.NoError(t, w.Close())
	z, err := zstd.NewWriter(&zstandard)
	require.NoError(t, err)
	_, _ = io.WriteString(z, text)
	require.NoError(t, z.Close())

	found, err := read(&zstandard, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, want, found)
	found, err = read(bytes.NewReader(zipped.Bytes()), 1<<20)
	require.NoError(t, err)
	assert.Equal(t, want, found)
	found, err = read(&twice, 1<<20)
	require.NoError(t, err)
	assert.Equal(t, append(want, `3:1 {"c":3}`), found)

	// A file that was not fetched to its end.
	found, err = read(bytes.NewReader(zipped.Bytes()[:zipped.Len()-8]), 1<<20)
	require.ErrorContains(t, err, "ends in the middle of its gzip data")
	assert.Equal(t, want, found)
}

func TestOtherFormatsAreNamed(t *testing.T) {
	for begin, says := range map[string]string{
		"BZh91AY&SY":           "bzcat FILE | benthos-segment … -",
		"\xfd7zXZ\x00\x00\x04": "compressed with xz",
		"PK\x03\x04\x14":       "a ZIP archive",
		"PAR1\x15":             "a Parquet file, and not JSON",
	} {
		_, err := read(strings.NewReader(begin), 1<<20)
		assert.ErrorContains(t, err, says)
	}
}

func TestAFileThatFailsHasWhatCameBefore(t *testing.T) {
	failing := io.MultiReader(strings.NewReader("{\"a\":1}\n{\"b\":"), iotest.ErrReader(errors.New("the disk is gone")))
	found, err := read(failing, 1<<20)
	require.EqualError(t, err, "the disk is gone")
	assert.Equal(t, []string{`1:1 {"a":1}`}, found)
	failing = io.MultiReader(strings.NewReader("[\n{\"a\":1},\n{\"b\":"), iotest.ErrReader(errors.New("the disk is gone")))
	found, err = read(failing, 1<<20)
	require.EqualError(t, err, "the disk is gone")
	assert.Equal(t, []string{`2:1 {"a":1}`}, found)
}

func TestAReadThatWaitsIsInterrupted(t *testing.T) {
	from, into := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	reader := documents.NewReader(documents.Interruptible(ctx, from), 1<<20)
	var writing sync.WaitGroup
	// Its format is known by the first bytes, for which it waits.
	const first = `{"a":"a document that is long enough"}`
	writing.Go(func() { _, _ = io.WriteString(into, first+"\n{") })
	doc, err := reader.Next()
	require.NoError(t, err)
	assert.Equal(t, first, string(doc.Payload))
	writing.Wait()
	time.AfterFunc(10*time.Millisecond, stop)
	_, err = reader.Next()
	require.ErrorIs(t, err, context.Canceled)
	assert.Positive(t, reader.Read())
	require.NoError(t, into.Close()) // ends the read that waits
}

// Whatever comes in, the reader goes on and comes to an end.
func FuzzReaderGoesOn(f *testing.F) {
	for _, seed := range []string{"{\"a\":1}\n[\n{},\n", "[{\"a\":NaN},{\"b\":\"x\n]", "{\n\"a\": [1,\n{\"b\":2}\n", "[[1],[\n2]]\n]]}}"} {
		f.Add(seed, 64)
	}
	f.Fuzz(func(t *testing.T, file string, maxBytes int) {
		reader := documents.NewReader(strings.NewReader(file), max(16, min(maxBytes, 1<<16)))
		line, column := 1, 0
		for range len(file) + 2 {
			doc, err := reader.Next()
			if err != nil {
				return
			}
			require.True(t, doc.Line > line || doc.Line == line && doc.Column >= column, "%d:%d after %d:%d", doc.Line, doc.Column, line, column)
			line, column = doc.Line, doc.Column
			require.LessOrEqual(t, len(doc.Payload), max(16, min(maxBytes, 1<<16))+1)
		}
		t.Fatal("it never ends")
	})
}
