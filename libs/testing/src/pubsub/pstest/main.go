// Google's fake of Pub/Sub for Go programs, behind a port, for tests on machines without the emulator of the Cloud SDK.
//
//	pstest 127.0.0.1:8085
package main

import (
	"log"
	"net"
	"os"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
)

// As much as the service takes in one request, and its frame.
const messageBytesMax = 11 * 1024 * 1024

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: pstest host:port")
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	// The fake's own server takes 4 MiB at most, so its services are put behind another one.
	fake := pstest.NewServer()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageBytesMax), grpc.MaxSendMsgSize(messageBytesMax))
	pubsubpb.RegisterPublisherServer(server, &fake.GServer)
	pubsubpb.RegisterSubscriberServer(server, &fake.GServer)
	log.Fatal(server.Serve(listener))
}
