"""A worker of a centre on RabbitMQ: takes events of the queue "rollcall-events" and prints the id of each.

Arguments: port, authority, certificate, key. It acknowledges an event after it has printed the id.
"""

import json
import ssl
import sys

import pika

port, authority, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(certificate, key)
connection = pika.BlockingConnection(
    pika.ConnectionParameters(
        'localhost',
        int(port),
        ssl_options=pika.SSLOptions(context, 'localhost'),
        credentials=pika.credentials.ExternalCredentials(),
    )
)
channel = connection.channel()
channel.basic_qos(prefetch_count=1)


def take(channel, method, properties, body):
    print(json.loads(body)['id'], flush=True)
    channel.basic_ack(method.delivery_tag)


channel.basic_consume('rollcall-events', take)
print('ready', flush=True)
channel.start_consuming()
