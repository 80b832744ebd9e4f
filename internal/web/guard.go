package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// policy lets the page load what this server has, and nothing else. Styles are set from scripts one property at a time,
// which the policy doesn't concern.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func setPolicies(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// checkOrigin refuses what another site makes a browser send. A page elsewhere can point a name of its own at this
// machine's address, and then its requests say that name as their host; or it can send requests here from its own
// origin, which the browser then tells.
func (s *Server) checkOrigin(r *http.Request) error {
	if !s.isOwnHost(r.Host) {
		return &apiError{http.StatusMisdirectedRequest, fmt.Sprintf("the host is %q, expected localhost or the address that rapt serves on", r.Host)}
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Host {
			return &apiError{http.StatusForbidden, fmt.Sprintf("the request comes from %q, expected this page", origin)}
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if strings.HasPrefix(r.URL.Path, "/api/") && (site == "cross-site" || site == "same-site") {
		return &apiError{http.StatusForbidden, "the request comes from another site"}
	}
	return nil
}

// isOwnHost says whether a request addressed to this host means this server: this machine by name or address, the host
// that it was told to listen on or, if that isn't this machine alone, any address. An address can't be pointed
// elsewhere, as a name can.
func (s *Server) isOwnHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || (host != "" && strings.EqualFold(host, s.host)) {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return address.IsLoopback() || !IsLoopback(s.host)
}

// IsLoopback says whether only this machine reaches a server that listens on the host.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || (err == nil && address.IsLoopback())
}
