// The load generator of bench/tls.py: MQTT 3.1.1 clients over TCP or TLS 1.3, in one thread with
// epoll. bench/tls.py compiles it and reads its answers.
//
//   tls_load MODE KEY=VALUE...        port, tls, clients, publishers, subscribers, qos, payload,
//                                     window, messages, at_once, patience: as in `given` below
//
// MODE is one of
//   messages    subscriber i gets what publisher i % publishers sends. A publisher has at most
//               `window` messages that have not been delivered (above QoS 0: or acknowledged).
//   handshakes  `clients` clients, `at_once` at a time, come, get CONNACK and leave.
//   reconnect   `clients` clients come, `at_once` at a time. It prints how many there are, waits
//               until the broker is gone, and all try again at once, with BACKOFF.
//
// It prints lines of JSON. Exit 0 if all that was asked for was done within `patience` seconds, 1 if
// not, 2 for wrong arguments or a broker that says no.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBSCRIBE = 0x82, SUBACK = 0x90 };
enum { INPUT = 1 << 16, MOST_UNSENT = 1 << 16, ADDRESSES = 8 };
#define FIRST_BACKOFF 0.25  // seconds; each attempt waits a random part of it, and it doubles
#define LAST_BACKOFF 4.0
#define ATTEMPT_SECONDS 30.0  // how long one attempt may take

typedef enum { AWAY, CONNECTING, SHAKING, WAITING, READY } State;

typedef struct {
  uint8_t *data;
  size_t start, end, size;
} Buffer;

typedef struct {
  int fd, index, attempts;
  int publisher, copies;  // whose messages it sends or gets; how often they are delivered
  State state;
  SSL *tls;
  bool subscribes, writes;
  Buffer in, out;
  long sent, acknowledged, delivered;
  double due, began;  // when to try again; when the attempt began
} Client;

static struct {
  int port, tls, clients, publishers, subscribers, qos, payload, window, at_once;
  long messages;
  double patience;
} given = {.tls = 1, .clients = 1, .payload = 64, .window = 100, .at_once = 100, .patience = 60};

static Client *clients;
static SSL_CTX *context;
static int poller, ready, pending;
static long received, attempts;
static uint8_t input[INPUT];
static bool once, storm;  // each leaves when it is ready; losing the broker is expected

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Processor time of this program, to tell whether it or the broker was the limit.
static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what) {
  fprintf(stderr, "tls_load: %s\n", what);
  exit(2);
}

// -- bytes --------------------------------------------------------------------------------------

static uint8_t *room(Buffer *buffer, size_t length) {
  if (buffer->end + length > buffer->size) {
    if (buffer->start) memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
    if (buffer->end + length > buffer->size) {
      buffer->size = (buffer->end + length) * 2;
      buffer->data = realloc(buffer->data, buffer->size);
      if (buffer->data == NULL) fail("out of memory");
    }
  }
  return buffer->data + buffer->end;
}

static void drop(Buffer *buffer) {
  free(buffer->data);
  *buffer = (Buffer){0};
}

// A packet's first bytes; the caller fills in the `length` bytes that follow.
static uint8_t *packet(Client *client, int first, size_t length) {
  uint8_t *at = room(&client->out, length + 5), *begin = at;
  size_t left = length;
  *at++ = (uint8_t)first;
  do {
    *at++ = (uint8_t)(left % 128 | (left >= 128 ? 128 : 0));
    left /= 128;
  } while (left);
  client->out.end += (size_t)(at - begin) + length;
  return at;
}

static void say_connect(Client *client) {
  char name[24];
  size_t length = (size_t)snprintf(name, sizeof name, "tls-load-%06d", client->index);
  uint8_t *at = packet(client, CONNECT, 12 + length);
  memcpy(at, "\0\4MQTT\4\2\0\0\0", 11);  // a clean session, no keep-alive
  at[11] = (uint8_t)length;
  memcpy(at + 12, name, length);
}

static size_t topic(char *text, int publisher) { return (size_t)sprintf(text, "bench/tls/%03d", publisher); }

static void say_subscribe(Client *client) {
  char name[24];
  size_t length = topic(name, client->publisher);
  uint8_t *at = packet(client, SUBSCRIBE, 5 + length);
  memcpy(at, (uint8_t[]){0, 1, 0, (uint8_t)length}, 4);
  memcpy(at + 4, name, length);
  at[4 + length] = (uint8_t)given.qos;
}

static void say_publish(Client *client) {
  char name[24];
  size_t length = topic(name, client->publisher), identifier = given.qos ? 2 : 0;
  uint8_t *at = packet(client, PUBLISH | given.qos << 1, 2 + length + identifier + (size_t)given.payload);
  at[0] = 0;
  at[1] = (uint8_t)length;
  memcpy(at + 2, name, length);
  at += 2 + length;
  if (given.qos) {
    int number = (int)(client->sent % 65535) + 1;
    *at++ = (uint8_t)(number >> 8);
    *at++ = (uint8_t)number;
  }
  memset(at, 'x', (size_t)given.payload);
  memcpy(at, &client->publisher, sizeof client->publisher);
  client->sent++;
}

// -- connections --------------------------------------------------------------------------------

static void watch(Client *client, bool writes, int action) {
  if (action == EPOLL_CTL_MOD && client->writes == writes) return;
  client->writes = writes;
  struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = client};
  epoll_ctl(poller, action, client->fd, &event);
}

static void leave(Client *client) {
  if (client->state == AWAY) return;
  if (client->state == READY) ready--;
  else pending--;
  client->state = AWAY;
  SSL_free(client->tls);
  client->tls = NULL;
  close(client->fd);
  drop(&client->in);
  drop(&client->out);
}

static void lost(Client *client) {
  if (!storm) fail("the broker closed a connection");
  leave(client);
  double most = FIRST_BACKOFF * (double)(1 << (client->attempts < 10 ? client->attempts : 10));
  if (most > LAST_BACKOFF) most = LAST_BACKOFF;
  client->due = now() + most * (double)rand() / RAND_MAX;
}

static void come(Client *client) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)given.port)};
  struct sockaddr_in from = {.sin_family = AF_INET};
  int yes = 1;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(client->index % ADDRESSES));
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (client->fd < 0) fail("no more sockets: raise the limit of open files");
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (bind(client->fd, (struct sockaddr *)&from, sizeof from)) fail("cannot bind to 127.0.0.x");
  client->state = CONNECTING;
  client->began = now();
  client->attempts++;
  attempts++;
  pending++;
  watch(client, true, EPOLL_CTL_ADD);
  if (connect(client->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) lost(client);
}

static void flush(Client *client) {
  Buffer *out = &client->out;
  while (out->start < out->end) {
    size_t length = out->end - out->start;
    ssize_t done = client->tls ? SSL_write(client->tls, out->data + out->start, (int)length)
                               : send(client->fd, out->data + out->start, length, MSG_NOSIGNAL);
    if (done <= 0) {
      bool full = client->tls ? SSL_get_error(client->tls, (int)done) == SSL_ERROR_WANT_WRITE
                              : errno == EAGAIN;
      if (full) watch(client, true, EPOLL_CTL_MOD);
      else lost(client);
      return;
    }
    out->start += (size_t)done;
  }
  out->start = out->end = 0;
  watch(client, false, EPOLL_CTL_MOD);
}

static void shake(Client *client) {
  int done = SSL_do_handshake(client->tls);
  if (done == 1) {
    client->state = WAITING;
    say_connect(client);
    flush(client);
    return;
  }
  int error = SSL_get_error(client->tls, done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    watch(client, error == SSL_ERROR_WANT_WRITE, EPOLL_CTL_MOD);
  else
    lost(client);
}

static void connected(Client *client) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    lost(client);
  } else if (given.tls) {
    client->state = SHAKING;
    client->tls = SSL_new(context);
    SSL_set_fd(client->tls, client->fd);
    SSL_set_connect_state(client->tls);
    shake(client);
  } else {
    client->state = WAITING;
    say_connect(client);
    flush(client);
  }
}

static void take(Client *client, int first, const uint8_t *body) {
  int type = first & 0xf0;
  if (type == CONNACK || type == SUBACK) {
    if (type == CONNACK && body[1]) fail("the broker refuses a client");
    if (type == CONNACK && client->subscribes) {
      say_subscribe(client);
      return;
    }
    client->state = READY;
    ready++;
    pending--;
  } else if (type == PUBLISH) {
    const uint8_t *at = body + 2 + (body[0] << 8 | body[1]);
    if (first & 6) {
      memcpy(packet(client, PUBACK, 2), at, 2);
      at += 2;
    }
    int publisher;
    memcpy(&publisher, at, sizeof publisher);
    clients[publisher].delivered++;
    received++;
  } else if (type == PUBACK) {
    client->acknowledged++;
  }
}

// Takes the whole packets out of some bytes; how many bytes they were.
static size_t parse(Client *client, const uint8_t *data, size_t length) {
  size_t at = 0;
  while (length - at >= 2) {
    size_t size = 0, head = 1;
    do {
      if (head >= length - at) return at;
      size |= (size_t)(data[at + head] & 127) << (7 * (head - 1));
    } while (data[at + head++] & 128);
    if (length - at - head < size) return at;
    take(client, data[at], data + at + head);
    at += head + size;
  }
  return at;
}

static void receive(Client *client) {
  for (;;) {
    ssize_t got = client->tls ? SSL_read(client->tls, input, INPUT) : recv(client->fd, input, INPUT, 0);
    if (got <= 0) {
      bool empty = client->tls ? SSL_get_error(client->tls, (int)got) == SSL_ERROR_WANT_READ
                               : got < 0 && errno == EAGAIN;
      if (!empty) {
        lost(client);
        return;
      }
      break;
    }
    Buffer *in = &client->in;
    const uint8_t *data = input;
    size_t length = (size_t)got;
    if (in->end > in->start) {
      memcpy(room(in, length), input, length);
      in->end += length;
      data = in->data + in->start;
      length = in->end - in->start;
    }
    size_t used = parse(client, data, length);
    if (data != input) {
      in->start += used;
    } else if (used < length) {
      in->start = in->end = 0;
      memcpy(room(in, length - used), data + used, length - used);
      in->end = length - used;
    }
  }
  flush(client);
  if (once && client->state == READY) leave(client);
}

static void serve(int milliseconds) {
  struct epoll_event events[256];
  int count = epoll_wait(poller, events, 256, milliseconds);
  for (int i = 0; i < count; i++) {
    Client *client = events[i].data.ptr;
    ERR_clear_error();
    if (client->state == AWAY) continue;
    if (client->state == CONNECTING) connected(client);
    else if (client->state == SHAKING) shake(client);
    else {
      if (events[i].events & EPOLLOUT) flush(client);
      if (client->state != AWAY && events[i].events & ~(uint32_t)EPOLLOUT) receive(client);
    }
  }
}

// All clients come, `at_once` at a time; the seconds that took.
static double arrive(double deadline) {
  double begin = now();
  for (int next = 0; next < given.clients || pending;) {
    while (next < given.clients && pending < given.at_once) come(&clients[next++]);
    serve(100);
    if (now() > deadline) fail("not all clients were let in within the patience");
  }
  return now() - begin;
}

// -- what is measured ---------------------------------------------------------------------------

static bool publish(Client *client) {
  long copies = client->copies;
  while (client->sent < given.messages && client->out.end - client->out.start < MOST_UNSENT &&
         client->sent * copies - client->delivered < given.window * copies &&
         (!given.qos || client->sent - client->acknowledged < given.window))
    say_publish(client);
  flush(client);
  return client->sent == given.messages && (!given.qos || client->acknowledged == given.messages);
}

static int messages(void) {
  double deadline = now() + given.patience;
  given.clients = given.publishers + given.subscribers;
  for (int i = 0; i < given.publishers; i++) clients[i].publisher = i;
  for (int i = 0; i < given.subscribers; i++) {
    Client *subscriber = &clients[given.publishers + i];
    subscriber->subscribes = true;
    subscriber->publisher = i % given.publishers;
    clients[subscriber->publisher].copies++;
  }
  arrive(deadline);
  double begin = now(), cpu = own_cpu();
  for (bool done = false; !done;) {
    done = received == given.messages * given.subscribers;
    for (int i = 0; i < given.publishers; i++) done &= publish(&clients[i]);
    if (!done) serve(100);
    if (now() > deadline) break;
  }
  double seconds = now() - begin;
  printf("{\"received\": %ld, \"seconds\": %.6f, \"busy\": %.3f}\n", received, seconds,
         (own_cpu() - cpu) / seconds);
  return received == given.messages * given.subscribers ? 0 : 1;
}

static int handshakes(void) {
  once = true;
  printf("{\"clients\": %d, \"seconds\": %.6f}\n", given.clients, arrive(now() + given.patience));
  return 0;
}

static int reconnect(void) {
  double seconds = arrive(now() + given.patience);
  printf("{\"clients\": %d, \"seconds\": %.6f}\n", ready, seconds);
  fflush(stdout);
  storm = true;
  attempts = 0;
  while (ready == given.clients) serve(100);
  double begin = now(), deadline = begin + given.patience;
  for (int i = 0; i < given.clients; i++) clients[i].attempts = 0;
  while (ready < given.clients && now() < deadline) {
    serve(5);
    double time = now();
    for (int i = 0; i < given.clients; i++) {
      Client *client = &clients[i];
      if (client->state == AWAY && client->due <= time) come(client);
      else if (client->state != AWAY && client->state != READY && time - client->began > ATTEMPT_SECONDS)
        lost(client);
    }
  }
  printf("{\"clients\": %d, \"seconds\": %.6f, \"attempts\": %ld}\n", ready, now() - begin, attempts);
  return ready == given.clients ? 0 : 1;
}

// -- start --------------------------------------------------------------------------------------

static void argument(char *text) {
  char *value = strchr(text, '=');
  if (value == NULL) fail("arguments are KEY=VALUE");
  *value++ = 0;
  int *number = !strcmp(text, "port")          ? &given.port
                : !strcmp(text, "tls")         ? &given.tls
                : !strcmp(text, "clients")     ? &given.clients
                : !strcmp(text, "publishers")  ? &given.publishers
                : !strcmp(text, "subscribers") ? &given.subscribers
                : !strcmp(text, "qos")         ? &given.qos
                : !strcmp(text, "payload")     ? &given.payload
                : !strcmp(text, "window")      ? &given.window
                : !strcmp(text, "at_once")     ? &given.at_once
                                               : NULL;
  if (number != NULL) *number = atoi(value);
  else if (!strcmp(text, "messages")) given.messages = atol(value);
  else if (!strcmp(text, "patience")) given.patience = atof(value);
  else fail(text);
}

int main(int count, char **arguments) {
  if (count < 2) fail("a mode, and KEY=VALUE...");
  for (int i = 2; i < count; i++) argument(arguments[i]);
  bool sends = !strcmp(arguments[1], "messages");
  if (!given.port || given.payload < (int)sizeof(int)) fail("a port, and payloads of 4 bytes or more");
  if (sends && (!given.publishers || !given.subscribers || !given.messages))
    fail("publishers, subscribers and messages");
  int total = sends ? given.publishers + given.subscribers : given.clients;
  clients = calloc((size_t)total, sizeof *clients);
  poller = epoll_create1(0);
  context = SSL_CTX_new(TLS_client_method());
  if (clients == NULL || context == NULL) fail("out of memory");
  for (int i = 0; i < total; i++) clients[i].index = i;
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  // Nobody verifies the chain: both brokers have the same certificate, and it is not measured.
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (sends) return messages();
  if (!strcmp(arguments[1], "handshakes")) return handshakes();
  if (!strcmp(arguments[1], "reconnect")) return reconnect();
  fail("a mode is messages, handshakes or reconnect");
}
