package monitoring

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// pictureOfAlerts writes what a browser shows of the page of the alerts to a file:
// make alerts. Debian's Prometheus has the classic pages only.
func (p *prometheus) pictureOfAlerts(path string) {
	p.t.Helper()
	page := p.url + "/classic/alerts"
	if !answers(page) {
		page = p.url + "/alerts"
	}
	require.True(p.t, answers(page), "%s is not there", page)
	run(
		p.t, browser(p.t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-component-update", "--hide-scrollbars", "--user-data-dir="+p.t.TempDir(),
		"--window-size=1280,1320", "--virtual-time-budget=5000", "--screenshot="+path, page,
	)
	require.FileExists(p.t, path)
}

// browser is $CHROMIUM, or one on the path.
func browser(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.Fail(t, "there is no browser", "run make chromium")
	return ""
}
