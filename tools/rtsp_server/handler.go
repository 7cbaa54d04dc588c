package main

import (
	"sync"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

const realm = "motus"

var methods = []auth.ValidateMethod{auth.ValidateMethodDigestMD5}

// published is what one publisher sends.
type published struct {
	stream    *gortsplib.ServerStream
	publisher *gortsplib.ServerSession
}

// handler answers what gortsplib asks; each path has one publisher, and a new one replaces the one before.
type handler struct {
	server     *gortsplib.Server
	user, pass string
	mutex      sync.Mutex
	paths      map[string]published
}

func newHandler(server *gortsplib.Server, user, pass string) *handler {
	return &handler{server: server, user: user, pass: pass, paths: map[string]published{}}
}

// OnConnOpen gives each connection a nonce of its own.
func (h *handler) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	nonce, err := auth.GenerateNonce()
	if err != nil {
		ctx.Conn.Close()
		return
	}
	ctx.Conn.SetUserData(nonce)
}

// OnSessionClose ends a path with its publisher; its readers are disconnected.
func (h *handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for path, one := range h.paths {
		if one.publisher == ctx.Session {
			one.stream.Close()
			delete(h.paths, path)
		}
	}
}

// OnAnnounce begins a path.
func (h *handler) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	if refusal := h.refusal(ctx.Conn, ctx.Request); refusal != nil {
		return refusal, nil
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if before, found := h.paths[ctx.Path]; found {
		before.stream.Close()
		before.publisher.Close()
	}
	h.paths[ctx.Path] = published{gortsplib.NewServerStream(h.server, ctx.Description), ctx.Session}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnDescribe says what a path shows.
func (h *handler) OnDescribe(
	ctx *gortsplib.ServerHandlerOnDescribeCtx,
) (*base.Response, *gortsplib.ServerStream, error) {
	return h.answer(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup is asked by readers and publishers.
func (h *handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return h.answer(ctx.Conn, ctx.Request, ctx.Path)
}

// OnPlay lets a reader begin.
func (h *handler) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnRecord passes a publisher's packets on from now.
func (h *handler) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	h.mutex.Lock()
	stream := h.paths[ctx.Path].stream
	h.mutex.Unlock()
	if stream == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil
	}
	ctx.Session.OnPacketRTPAny(func(media *description.Media, _ format.Format, packet *rtp.Packet) {
		// It fails only for a stream that was just closed.
		_ = stream.WritePacketRTP(media, packet)
	})
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (h *handler) answer(
	conn *gortsplib.ServerConn, request *base.Request, path string,
) (*base.Response, *gortsplib.ServerStream, error) {
	if refusal := h.refusal(conn, request); refusal != nil {
		return refusal, nil, nil
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	one, found := h.paths[path]
	if !found {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, one.stream, nil
}

// refusal is the answer to somebody who did not prove who they are; nil: go on.
func (h *handler) refusal(conn *gortsplib.ServerConn, request *base.Request) *base.Response {
	nonce, _ := conn.UserData().(string)
	if h.user == "" || auth.Validate(request, h.user, h.pass, methods, realm, nonce) == nil {
		return nil
	}
	challenge := auth.GenerateWWWAuthenticate(methods, realm, nonce)
	return &base.Response{
		StatusCode: base.StatusUnauthorized,
		Header:     base.Header{"WWW-Authenticate": challenge},
	}
}
