// Command rtsp-server is a camera's network side for tests and benches: whoever publishes to a path (ANNOUNCE and RECORD)
// is passed on to everybody who reads from it, over TCP, UDP or TLS. It is not made to be reached by others.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net"
	"strconv"

	"github.com/bluenviron/gortsplib/v4"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8554", "address for TCP")
	rtpPort := flag.Int("udp-rtp", 0, "even UDP port for RTP; 0: TCP only")
	rtcpPort := flag.Int("udp-rtcp", 0, "UDP port for RTCP, the one behind")
	user := flag.String("user", "", "name that readers and publishers must give; empty: nobody is asked")
	pass := flag.String("pass", "", "their password, by digest")
	certificate := flag.String("tls-cert", "", "PEM file of the certificate; empty: no TLS")
	key := flag.String("tls-key", "", "PEM file of its key")
	flag.Parse()

	server := &gortsplib.Server{RTSPAddress: *listen}
	server.Handler = newHandler(server, *user, *pass)
	if *rtpPort != 0 {
		server.UDPRTPAddress, server.UDPRTCPAddress = beside(*listen, *rtpPort), beside(*listen, *rtcpPort)
	}
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	log.Fatal(server.StartAndWait())
}

// beside is an address on the same host as another.
func beside(address string, port int) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		log.Fatal(err)
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
