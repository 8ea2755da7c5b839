package guarantees_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

// row is one fault, what is expected of it, and the proof: a trial after
// which all invariants are checked, or a test elsewhere.
type row struct {
	// number is that of the fault; several rows may have the same.
	number, fault, expected string
	prove                   func(*testing.T)
	// elsewhere names the tests that prove it, or the rest of it, by their
	// directory and name.
	elsewhere []string
}

// matrix holds every fault that we know of. After each trial the invariants
// of invariants_test.go hold: no loss, the same id and bytes in every attempt,
// only failed calls resent, order per person, silence where it was asked for,
// bounded attempts and memory, no goroutine left over, the retry counts, a
// fresh sentAt, no secret in anything said, counters equal to the inbox.
var matrix = []row{
	{"1", "none", "one request a batch", inAStream(trial{
		calls: 10_000, batches: 40, atMost: 40, output: fields{"max_request_calls": 2500},
	}), nil},
	{"2", "200 that says success is false", "the status decides", inAStream(strangeSuccess(`{"success":false}`)), nil},
	{"2", "200 with an empty body", "the status decides", inAStream(strangeSuccess(" ")), nil},
	{"2", "200 with HTML", "the status decides", inAStream(strangeSuccess("<html>")), nil},
	{
		"2", "200 with 10 MB", "64 KB of it are read", inAStream(strangeSuccess(strings.Repeat("x", 10<<20))),
		[]string{"internal/tracking TestAnEndlessAnswerIsNotRead"},
	},
	{"3", "400, the first of 250 guilty", "it fails alone", inAStream(guilty(20, 0)), nil},
	{"3", "400, the second of 250 guilty", "it fails alone", inAStream(guilty(20, 1)), nil},
	{"3", "400, one in the middle guilty", "it fails alone", inAStream(guilty(20, 124)), nil},
	{"3", "400, the last of 250 guilty", "it fails alone", inAStream(guilty(20, 249)), nil},
	{"3", "400, three of 250 guilty", "they fail alone", inAStream(guilty(49, 17, 130, 131)), nil},
	{"3", "400, 200 guilty in a row", "they fail alone, the key is not held", onAFakeClock(inARow(300, 500)), nil},
	{
		"3", "400 for the first call ever", "it fails alone once another is accepted", onAFakeClock(firstEver()),
		[]string{"internal/tracking TestAGuiltyCallAmongGoodOnesTakesNoSample"},
	},
	{
		"4", "400 for everything, for ten seconds", "found out by a sample, held, nobody fails", onAFakeClock(edge(400)),
		[]string{
			"internal/guarantees TestAnEdgeThatAnswersForSegmentCostsNoCall",
			"internal/tracking TestAnEdgeThatRefusesEverythingCostsNoCall",
			"internal/tracking TestRandomEdgesAndGuiltyCalls",
		},
	},
	{"4", "409 for everything, for ten seconds", "found out by a sample, held, nobody fails", onAFakeClock(edge(409)), nil},
	{"4", "413 for everything, for ten seconds", "found out by a sample, held, nobody fails", onAFakeClock(edge(413)), nil},
	{"4", "422 for everything, for ten seconds", "found out by a sample, held, nobody fails", onAFakeClock(edge(422)), nil},
	{
		"4", "400 for everything, and the key never worked", "held, a call at a time is tried, nobody fails", onAFakeClock(unproven()),
		[]string{"internal/tracking TestAKeyThatRefusesEverythingIsTakenForWrong"},
	},
	{"5", "401 for 40 requests", "held, one request a pause", onAFakeClock(held(401)), nil},
	{"5", "403 for 40 requests", "held, one request a pause", onAFakeClock(held(403)), nil},
	{"5", "405 for 40 requests", "held, one request a pause", onAFakeClock(held(405)), nil},
	{"5", "411 for 40 requests", "held, one request a pause", onAFakeClock(held(411)), nil},
	{"5", "415 for 40 requests", "held, one request a pause", onAFakeClock(held(415)), nil},
	{"5", "426 for 40 requests", "held, one request a pause", onAFakeClock(held(426)), nil},
	{"5", "428 for 40 requests", "held, one request a pause", onAFakeClock(held(428)), nil},
	{"5", "431 for 40 requests", "held, one request a pause", onAFakeClock(held(431)), nil},
	{"5", "451 for 40 requests", "held, one request a pause", onAFakeClock(held(451)), nil},
	{
		"5", "404 for 40 requests", "held, one request a pause", onAFakeClock(held(404)),
		[]string{"internal/tracking TestASetupErrorHoldsTheCallsUntilItIsMended"},
	},
	{"6", "408 three times", "backoff", onAFakeClock(passing(408)), nil},
	{"6", "410 three times", "backoff", onAFakeClock(passing(410)), nil},
	{
		"6", "421 three times", "backoff, over another connection", onAFakeClock(passing(421)),
		[]string{"internal/tracking TestAMisdirectedRequestIsSentOverAnotherConnection"},
	},
	{"6", "425 three times", "backoff", onAFakeClock(passing(425)), nil},
	{
		"6", "460 three times", "backoff", onAFakeClock(passing(460)),
		[]string{"internal/tracking TestAFailureThatPassesIsRetriedWithBackoff"},
	},
	{"7", "the server takes 100 KB only", "halved until it fits, nothing lost", onAFakeClock(trial{
		calls: 4000, known: true, sandbox: segmenttest.Config{MaxBatchBytes: 100 << 10},
		client: func(c *tracking.Config) { c.MaxRequestCalls = 2500 }, atMost: 31,
	}), []string{"internal/tracking TestOneGuiltyCallFailsAlone"}},
	{"8", "429 with Retry-After: 2 for ten requests", "all requests wait, patience untouched", onAFakeClock(trial{
		fail: failing(429, 10, "2"), silence: 2 * time.Second, atMost: 32,
		client: func(c *tracking.Config) { c.Retry.MaxElapsedTime = time.Second },
	}), []string{"internal/tracking TestRetryAfterSilencesAllLanesOfTheKey"}},
	{"9", "429 with any Retry-After", "dates honoured, nonsense backed off, 300 s at most", proveRetryAfter, nil},
	{"10", "429 without Retry-After", "backoff", onAFakeClock(trial{
		fail: failing(429, 10), atMost: 32, then: counted("segment_retries throttled", 10),
	}), nil},
	{"11", "429 with Retry-After: 1 for a minute", "one probe a window, not one a request", onAFakeClock(trial{
		fail: func(sb *segmenttest.Server) {
			forAWhile(time.Minute, sb.Fail(429).RetryAfter("1"))
		},
		silence: time.Second, atMost: 22 + 8 + 60,
	}), []string{"internal/tracking TestOneRequestGoesFirstAfterAWait"}},
	{"12", "a fifth of the requests meet 500, 502, 503, 504, 529", "1.5 attempts a request", onAFakeClock(trial{
		calls: 10_000, fail: failingAtRandom(0.2, 500, 502, 503, 504, 529), atMost: 303,
	}), nil},
	{"13", "503 with Retry-After: 5", "5 s of silence", onAFakeClock(trial{
		fail: failing(503, 3, "5"), silence: 5 * time.Second, atMost: 25,
	}), []string{"internal/tracking TestRetryAfterCountsOnAnyStatusThatIsRetried"}},
	{"14", "501 for 40 requests", "held, one request a pause", onAFakeClock(held(501)), nil},
	{"14", "505 for 40 requests", "held, one request a pause", onAFakeClock(held(505)), nil},
	{"14", "511 for 40 requests", "held, one request a pause", onAFakeClock(held(511)), nil},
	{
		"15", "redirects to another host", "nobody comes there", proveRedirects,
		[]string{"internal/tracking TestARedirectIsNotFollowed"},
	},
	{"16", "connection refused for 10 s", "an attempt a step of the backoff", onAFakeClock(trial{
		unseen: true, client: refusedFor(10 * time.Second), then: func(t *testing.T, r *result) {
			// Each of eight requests: at 0, 0.5, 1.5, 3.5, 7.5 s, give or take half.
			assert.LessOrEqual(t, r.counts["segment_requests error"], int64(8*7))
			assert.Less(t, r.took, 40*time.Second)
		},
	}), nil},
	{"16", "nobody listens, and then somebody does", "delivered", proveLateServer, nil},
	{"17", "reset before the request", "sent again", inAStream(broken(resetAtOnce)), nil},
	{"17", "reset in the request", "sent again", inAStream(broken(resetInRequest)), nil},
	{"17", "reset before the answer", "sent again with the same ids", inAStream(broken(resetInAnswer(0))), nil},
	{"17", "reset in the status line", "sent again with the same ids", inAStream(broken(resetInAnswer(10))), nil},
	{"18", "accepted, and then nothing", "given up after the timeout, not used again", inAStream(broken(hang)), nil},
	{"19", "an answer of a byte now and then", "the timeout is for all of it", inAStream(broken(drip)), nil},
	{"19", "a body that does not end", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")), nil},
	{"20", "truncated body", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{")), nil},
	{"20", "cut chunks", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{")), nil},
	{"20", "gzip that is invalid", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n{}")), nil},
	{"20", "truncated headers", "sent again", inAStream(broken(answering("HTTP/1.1 200 OK\r\nContent-Le"))), nil},
	{"20", "no HTTP", "sent again", inAStream(broken(answering("SSH-2.0-OpenSSH_9.9\r\n"))), nil},
	{"20", "a wrong HTTP version", "sent again", inAStream(broken(answering("HTTP/x.1 200 OK\r\n\r\n"))), nil},
	{"20", "a header of 1 MB", "sent again", inAStream(broken(answering("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"))), nil},
	{"20", "100,000 headers", "sent again", inAStream(broken(answering("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: x\r\n", 100_000) + "\r\n"))), nil},
	{"20", "1xx without end", "sent again", inAStream(broken(answering(strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: x\r\n\r\n", 10_000)))), nil},
	{"20", "trailers without end", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X: x\r\n", 100_000))), nil},
	{"20", "a chunk of no length", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")), nil},
	{"20", "chunk extensions without end", "the status decides", inAStream(settled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 1<<20))), nil},
	{"21", "accepted, and the answer is lost, 5 % of 10,000 calls", "duplicates with the same id only", inAStream(trial{
		calls: 10_000, output: fields{"max_request_calls": 20}, atMost: 580, duplicates: true,
		fail: func(sb *segmenttest.Server) { sb.LostAck().Probability(0.05, 1) },
	}), []string{"internal/tracking TestALostAnswerRepeatsTheSameCallsWithAFreshSentAt"}},
	{
		"22", "no address, then one, then another", "asked again", proveAddresses,
		[]string{"internal/tracking/wire TestConnectionsAreRenewedBeforeTheyAreADayOld"},
	},
	{
		"23", "TLS that does not hold", "set-up error, nothing in clear", proveTLS,
		[]string{"internal/tracking TestACertificateThatDoesNotHoldIsASetupError"},
	},
	{"24", "GOAWAY, RST_STREAM, one stream at a time", "sent again", proveHTTP2, nil},
	{
		// 5,000 calls there. `make torture` has 100,000.
		"25", "the server restarts ten times", "nothing lost", nil,
		[]string{"internal/torture TestNothingIsLostWhenSegmentIsKilled"},
	},
	{
		"26", "the process is killed", "nothing lost, the same ids", nil,
		[]string{"internal/torture TestNothingIsLostWhenThePipelineIsKilled"},
	},
	{
		"27", "the broker is killed", "nothing lost", nil,
		[]string{"internal/torture TestNothingIsLostWhenTheBrokerIsKilled"},
	},
	{
		"28", "SIGTERM in every state", "ends in time, nothing forgotten", nil,
		[]string{
			"internal/torture TestAProcessThatIsAskedToStopForgetsNothing",
			"internal/torture TestTheTortureSeesWhatGatheringAtTheInputLoses",
		},
	},
	{
		"28", "a changed config during an outage", "nothing forgotten", nil,
		[]string{"internal/torture TestAProcessThatIsReloadedWhileHeldForgetsNothing"},
	},
	{
		"29", "SIGTERM twice, SIGINT, SIGHUP", "the first one counts; SIGHUP is a crash", nil,
		[]string{"cmd/benthos-segment TestEverySignalEndsAPipelineThatWaits"},
	},
	{
		"30", "each item of bad input among 249 good calls", "the good ones once, no request more", proveBadInput,
		[]string{"internal/segment TestCorpus"},
	},
	{
		"31", "a call at the limit of a call", "sent up to 32,768 bytes as they leave", proveCallLimit,
		[]string{"internal/segment TestACallIsMeasuredAsItIsSent"},
	},
	{
		"32", "calls at the limit of a request", "within it, in order", proveRequestLimit,
		[]string{"internal/tracking TestRequestsAreFilledToTheLimitAndStayWithinIt", "internal/tracking FuzzFill"},
	},
	{"33", "the server's clock is a day off", "waits stay within 300 s", proveSkew, nil},
	{"34", "the same call again, at once and 25 h later", "sent as given, told by its id", proveRepetition, nil},
	{
		"35", "two sources with the same offsets", "ids differ", nil,
		[]string{"internal/segment TestTwoRecordsNeverHaveTheSameID", "config TestBothSourcesGetEveryEventUnderIDsOfTheirOwn"},
	},
	{
		"36", "100,000 calls of 10,000 write keys", "memory and goroutines bounded", proveManyKeys,
		[]string{"internal/tracking TestSourcesThatNobodyUsesAreForgotten"},
	},
	{"37", "a slow server", "the input is held back", proveBackpressure, nil},
	{
		"38", "up and down every 30 s", "nothing lost", onAFakeClock(flapping()),
		[]string{"internal/torture TestNothingIsLostWhenSegmentIsKilled"},
	},
	{
		"38b", "a call that is never accepted", "costs little with a dead letter; without, the lint and the log say so", nil,
		[]string{
			"internal/torture TestPoisonCostsOnlyItself", "cmd/benthos-segment TestLintHintsAtWhatIsSeldomMeant",
			"plugin TestOnlyTheGuiltyAreDeliveredAgain",
		},
	},
	{"39", "one person's calls meet 500", "the others of the batch arrive, later batches wait", proveBadPerson, nil},
	{
		"40", "endpoints that must not be called", "refused before any dial", nil,
		[]string{"internal/guarantees TestEndpointsThatAreRefusedAreNeverCalled"},
	},
	{"41", "the dead letter is full", "nothing lost", proveFullDeadLetter, nil},
	{"42", "the key is changed", "the same calls arrive with the new one", proveRotation, nil},
	{
		"42", "access tokens are revoked, renewed, not granted", "one refresh for all requests, the calls are kept", proveTokens,
		[]string{
			"internal/tracking TestATokenThatWasRevokedIsRenewedAndTheCallsAreKept", "internal/tracking TestATokenIsRenewedWhenHalfOfItsLifeIsOver",
			"internal/tracking TestTheClockOfTheServerCounts", "internal/tracking TestARefreshGoesOnWithoutItsCallerAndEndsWithClose",
		},
	},
	{
		"43", "a proxy that does not connect us", "set-up error or failure that passes, by its answer, and said", proveProxies,
		[]string{"internal/guarantees TestAProxyOfTheEnvironmentThatCannotBeReadIsSaidAtStart"},
	},
	{"43", "the same, a SOCKS proxy", "set-up error or failure that passes, by its answer, and said", proveSOCKS, nil},
	{"44", "a port that speaks something else", "set-up error, and said", proveProtocols, nil},
	{
		"45", "a body that stalls", "a second at most, then the connection ends, and it is said", proveStalledBodies,
		[]string{"internal/tracking TestABodyThatStallsIsWaitedForASecond"},
	},
	{"46", "101 Switching Protocols", "set-up error, the connection ends", proveUpgrades, nil},
	{
		"47", "certificates that are replaced", "read again, without a restart", proveRenewal,
		[]string{"internal/guarantees TestFilesWithoutACertificateAreRefusedAtStart"},
	},
	{
		"48", "HTTP/2 that answers pings at most", "a new connection after two time-outs at the most", proveDeafConnections,
		[]string{"internal/tracking/wire TestAConnectionThatWentSilentIsGivenUp"},
	},
	{
		"49", "access tokens that live for no time, or for ever, or are not granted", "one request a second at most, and said", proveTokenLives,
		[]string{"internal/tracking TestNoLifeOfATokenMakesAStormOfRequests", "internal/tracking TestAnAuthorizationServerThatIsAwayIsReported"},
	},
}

func TestFaultMatrix(t *testing.T) {
	for _, row := range matrix {
		if row.prove != nil {
			t.Run(row.number+" "+row.fault, row.prove)
		}
	}
}

// A row without a proof would be a claim.
func TestEveryRowOfTheMatrixIsProven(t *testing.T) {
	numbers := map[string]bool{}
	for _, row := range matrix {
		numbers[row.number] = true
		assert.NotEmpty(t, row.expected, row.fault)
		if row.prove == nil {
			assert.NotEmpty(t, row.elsewhere, "%s %s", row.number, row.fault)
		}
		requireTests(t, row.elsewhere)
	}
	for n := 1; n <= 49; n++ {
		assert.True(t, numbers[itoa(n)], "row %d is missing", n)
	}
}

// requireTests checks that tests exist, by their directory and name.
func requireTests(t *testing.T, tests []string) {
	t.Helper()
	for _, test := range tests {
		dir, name, _ := strings.Cut(test, " ")
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*_test.go"))
		require.NoError(t, err)
		declared := regexp.MustCompile(`(?m)^func ` + name + `\(`)
		assert.True(t, slices.ContainsFunc(files, func(file string) bool {
			source, err := os.ReadFile(file)
			return err == nil && declared.Match(source)
		}), "there is no %s", test)
	}
}
