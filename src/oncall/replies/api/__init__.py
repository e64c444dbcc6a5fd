"""Where providers post what people answer. Nothing is looked at before it is known who sent it."""

from oncall.replies.api import slack, telegram, twilio

ROUTERS = [twilio.router, twilio.receipts, slack.router, telegram.router]
