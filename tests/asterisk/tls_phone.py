"""A SIP phone that takes one call over TLS with SRTP, and nothing less. `python -m tests.asterisk.tls_phone PORT CERTIFICATE KEY`.

Prints `ready`, then, when the call has been up for a moment, what pjsua2 says of it, and ends.
"""

from __future__ import annotations

import os
import sys
import time

import pjsua2 as pj


def tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class Account(pj.Account):
    call: pj.Call | None = None

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        Account.call = pj.Call(self, prm.callId)
        answer = pj.CallOpParam()
        answer.statusCode = 200
        Account.call.answer(answer)


def main(port: int, certificate: str, key: str) -> None:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.port, transport.boundAddress = port, "127.0.0.1"
    transport.tlsConfig.certFile, transport.tlsConfig.privKeyFile = certificate, key
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, transport)
    endpoint.libStart()
    account_config = pj.AccountConfig()
    account_config.idUri = f"sip:phone@127.0.0.1:{port};transport=tls"
    account_config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
    account_config.mediaConfig.srtpSecureSignaling = 1
    account_config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    account = Account()
    account.create(account_config)
    tell("ready\n")
    until, confirmed = time.monotonic() + 20, None
    while time.monotonic() < until:
        endpoint.libHandleEvents(10)
        call = Account.call
        if call is None or not call.isActive() or call.getInfo().state != pj.PJSIP_INV_STATE_CONFIRMED:
            continue
        confirmed = confirmed or time.monotonic()
        if time.monotonic() > confirmed + 1.0:
            tell(call.dump(True, ""))
            break
    os._exit(0)  # pjsua2 asserts when Python collects a call


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
