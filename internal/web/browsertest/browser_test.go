// Package browsertest looks at the page as people do: in Chromium, served and from a file, with the mouse and the keys.
//
// It is a module of its own, for what drives the browser is no part of rapt. It needs chromium in the PATH, or its path in
// RAPT_CHROMIUM, and skips otherwise. RAPT_SCREENSHOTS names a folder to which pictures of every view are written.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

const cat = "The cat sat on the mat."

// chromium is the browser's program.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("RAPT_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium; RAPT_CHROMIUM names its path")
	return ""
}

var openModel = sync.OnceValues(minilm.Load)

func miniLM(t *testing.T) *model.Model {
	t.Helper()
	m, err := openModel()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// serve serves the built-in model until the test ends, and gives the page's address.
func serve(t *testing.T) string {
	t.Helper()
	return serveModel(t, miniLM(t))
}

func serveModel(t *testing.T, m *model.Model) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- web.NewServer(m, "127.0.0.1").Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String() + "/"
}

// A written is a page in a file, and the run that it is of.
type written struct {
	url  string
	size int64
	run  *web.Run
}

// write writes the page of a text to a file.
func write(t *testing.T, text string) written {
	t.Helper()
	in, err := lens.Encode(miniLM(t), text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := web.Look(t.Context(), miniLM(t), in, lens.Measures[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	return writeRun(t, run)
}

// writeRun writes the page of a run to a file.
func writeRun(t *testing.T, run *web.Run) written {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.WriteFile(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return written{"file://" + path, info.Size(), run}
}

// A tab is a page in a browser of its own, whose every complaint and every request elsewhere is an error of the test.
type tab struct {
	*testing.T
	ctx    context.Context
	refuse string // what the server is expected to refuse, in the browser's log
}

// The browser finds no host but this machine's, so that what isn't in the page or on its server can't be had.
func open(t *testing.T, allowed ...string) *tab {
	t.Helper()
	allocator, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1400), chromedp.WSURLReadTimeout(60*time.Second),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(1280, 1400))
	if err := chromedp.Listen(ctx, func(event any) { b.hear(event, allowed) }); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{second(chromedp.Call(ctx, log.Enable, cdp.Empty{})), second(chromedp.Call(ctx, network.Enable, network.EnableParams{}))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func second[A any](_ A, err error) error { return err }

// hear notes errors on the console and requests that go where none should.
func (b *tab) hear(event any, allowed []string) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			b.Errorf("console: %s %s", arg.Value, arg.Description)
		}
	case *runtime.EventExceptionThrown:
		b.Errorf("exception: %s", e.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if b.refuse == "" || !strings.Contains(e.Entry.Text, b.refuse) {
			b.Errorf("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		for _, prefix := range append([]string{"data:", "blob:"}, allowed...) {
			if strings.HasPrefix(e.Request.URL, prefix) {
				return
			}
		}
		b.Errorf("request: %s", e.Request.URL)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval runs JavaScript in the page, in an async function, and gives what it returns.
func eval[T any](b *tab, body string, args ...any) T {
	b.Helper()
	for i, arg := range args {
		data, err := json.Marshal(arg)
		if err != nil {
			b.Fatal(err)
		}
		body = fmt.Sprintf("const $%d = %s;\n", i+1, data) + body
	}
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("(async () => {"+body+"})()", chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%v in %.300s", err, body)
	}
	return out
}

// visit opens an address and waits until its view is drawn. It begins with an empty page, for a change of what comes
// after # alone loads nothing.
func (b *tab) visit(url string) {
	b.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	b.until("document.body.dataset.ready && window.rapt.map && !document.body.classList.contains('busy')")
}

// until waits for a condition of the page.
func (b *tab) until(condition string) {
	b.Helper()
	for range 400 {
		if eval[bool](b, "return !!("+condition+")") {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.Fatalf("it never comes to %s; the page says %q", condition, eval[string](b, "return document.body.innerText.slice(0, 600)"))
}

func (b *tab) press(keys ...string) {
	b.Helper()
	for _, key := range keys {
		b.do(chromedp.KeyEvent(key))
	}
	b.until("!document.body.classList.contains('busy')")
}

func (b *tab) text(selector string) string {
	b.Helper()
	return eval[string](b, "return document.querySelector($1).innerText", selector)
}
