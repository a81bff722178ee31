// Google's fake of Pub/Sub for Go programs, behind a port, for tests on machines without the emulator of the Cloud SDK.
//
//	pstest 127.0.0.1:8085
package main

import (
	"context"
	"log"
	"net"
	"os"
	"sync"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// As much as the service takes in one request, and its frame.
const messageBytesMax = 11 * 1024 * 1024

// The service ends the streams of a subscription that is deleted (NOT_FOUND); the fake lets them wait for ever, also when a subscription of the
// same name is made anew.
type subscriber struct {
	*pstest.GServer
	mu sync.Mutex
	// By name of the subscription; closed when it is deleted.
	deleted map[string]chan struct{}
}

func (s *subscriber) deletion(name string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted[name] == nil {
		s.deleted[name] = make(chan struct{})
	}
	return s.deleted[name]
}

func (s *subscriber) DeleteSubscription(ctx context.Context, request *pubsubpb.DeleteSubscriptionRequest) (*emptypb.Empty, error) {
	answer, err := s.GServer.DeleteSubscription(ctx, request)
	if err == nil {
		close(s.deletion(request.Subscription))
		s.mu.Lock()
		delete(s.deleted, request.Subscription)
		s.mu.Unlock()
	}
	return answer, err
}

func (s *subscriber) StreamingPull(pull pubsubpb.Subscriber_StreamingPullServer) error {
	return s.GServer.StreamingPull(&stream{Subscriber_StreamingPullServer: pull, owner: s})
}

type stream struct {
	pubsubpb.Subscriber_StreamingPullServer
	owner   *subscriber
	name    string
	deleted chan struct{}
}

// The first request names the subscription.
func (s *stream) Recv() (*pubsubpb.StreamingPullRequest, error) {
	if s.deleted == nil {
		request, err := s.Subscriber_StreamingPullServer.Recv()
		if err == nil {
			s.name = request.Subscription
			s.deleted = s.owner.deletion(s.name)
		}
		return request, err
	}
	type received struct {
		request *pubsubpb.StreamingPullRequest
		err     error
	}
	// The stream ends with this call when the subscription is deleted, and with the stream the one that waits here.
	next := make(chan received, 1)
	go func() {
		request, err := s.Subscriber_StreamingPullServer.Recv()
		next <- received{request, err}
	}()
	select {
	case one := <-next:
		return one.request, one.err
	case <-s.deleted:
		return nil, status.Errorf(codes.NotFound, "subscription %q was deleted", s.name)
	}
}

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
	pubsubpb.RegisterSubscriberServer(server, &subscriber{GServer: &fake.GServer, deleted: map[string]chan struct{}{}})
	log.Fatal(server.Serve(listener))
}
