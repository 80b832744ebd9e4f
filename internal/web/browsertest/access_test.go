package browsertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// What audits the page: axe-core from the npm registry, for the tests alone.
const (
	axeVersion   = "4.14.1"
	axeIntegrity = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axe is the audit's script, or the test is skipped.
func axe(t *testing.T) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("there is no npm to fetch axe-core with: the accessibility audit is skipped")
	}
	dir := t.TempDir()
	pack := exec.Command(npm, "pack", "--silent", "axe-core@"+axeVersion)
	pack.Dir = dir
	if out, err := pack.CombinedOutput(); err != nil {
		t.Skipf("npm can't fetch axe-core: the accessibility audit is skipped: %v, %.200s", err, out)
	}
	packed, err := os.ReadFile(filepath.Join(dir, "axe-core-"+axeVersion+".tgz"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum512(packed); "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) != axeIntegrity {
		t.Fatal("axe-core isn't what it was")
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if err != nil {
			t.Fatalf("axe.min.js isn't in axe-core: %v", err)
		}
		if header.Name == "package/axe.min.js" {
			script, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			return string(script)
		}
	}
}

// theme makes the page light or dark, as the system would.
func (b *tab) theme(name string) {
	b.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.Fatal(err)
	}
}

// The audit of every view, light and dark, wide and narrow, has no serious findings.
func TestAccessible(t *testing.T) {
	script := axe(t)
	url := serve(t)
	b := open(t, url, "about:blank")
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, width := range []int64{1280, 390} {
			b.do(chromedp.EmulateViewport(width, 900))
			for _, view := range views {
				b.visit(url + "#v=1&q=3&k=2&view=" + view)
				eval[any](b, "document.querySelector('#tables').open = true; await new Promise((r) => setTimeout(r, 300))")
				b.audit(script, fmt.Sprintf("%s, %d px, %s", view, width, theme))
			}
		}
	}
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		b.do(chromedp.EmulateViewport(1280, 900))
		b.survey(url + "#v=1&q=3&k=2&view=survey&by=entropy&t=" + strings.ReplaceAll(longText(200), " ", "+"))
		eval[any](b, "document.querySelector('#tables').open = true; await new Promise((r) => setTimeout(r, 300))")
		b.audit(script, "survey, "+theme)
	}
	writer := serveModel(t, stories(t))
	b = open(t, writer, "about:blank")
	b.write(writer)
	b.audit(script, "write")
}

// audit reports what axe finds on the page as it is.
func (b *tab) audit(script, what string) {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](script+";0")); err != nil {
		b.Fatal(err)
	}
	found := eval[[]struct {
		ID, Impact, Help string
		Nodes            []string
	}](b, `
		const result = await axe.run(document, {resultTypes: ['violations']});
		return result.violations.map((v) => ({id: v.id, impact: v.impact, help: v.help,
			nodes: v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? ''))}));`)
	for _, v := range found {
		report := b.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			report = b.Errorf
		}
		report("%s: %s (%s): %s\n\t%s", what, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

// Nothing of the page is wider than a narrow screen.
func TestNarrow(t *testing.T) {
	page := write(t, cat)
	b := open(t, page.url, "about:blank")
	b.do(chromedp.EmulateViewport(390, 844))
	for _, view := range views {
		b.visit(page.url + "#v=1&view=" + view)
		if got := eval[int](b, "await new Promise((r) => setTimeout(r, 200)); return document.documentElement.scrollWidth"); got > 390 {
			t.Errorf("%s is %d pixels wide", view, got)
		}
	}
}

// Neither is a survey, as a page of its own has it.
func TestNarrowSurvey(t *testing.T) {
	url := surveyFile(t, miniLM(t), longText(200))
	b := open(t, url, "about:blank")
	b.do(chromedp.EmulateViewport(390, 844))
	b.survey(url + "#v=1&q=100")
	if got := eval[int](b, "await new Promise((r) => setTimeout(r, 200)); return document.documentElement.scrollWidth"); got > 390 {
		t.Errorf("it is %d pixels wide", got)
	}
}

// With RAPT_SCREENSHOTS pictures of every view are written to that folder.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("RAPT_SCREENSHOTS")
	if dir == "" {
		t.Skip("RAPT_SCREENSHOTS names no folder for pictures")
	}
	url, writer := serve(t), serveModel(t, stories(t))
	b := open(t, url, writer, "about:blank")
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
			b.do(chromedp.EmulateViewport(size[0], size[1]))
			for _, view := range append(views, "write") {
				if view == "write" {
					b.write(writer)
				} else {
					b.visit(url + "#v=1&q=3&view=" + view)
				}
				eval[any](b, "await new Promise((r) => setTimeout(r, 400))")
				picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", view, size[0], theme))
				if err := os.WriteFile(path, picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
