"""Nagios itself, with one check that reads a file, and the commands and the contact of our guide."""

import asyncio
import getpass

from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import started

CONFIG = """
cfg_file={folder}/objects.cfg
log_file={folder}/nagios.log
object_cache_file={folder}/objects.cache
status_file={folder}/status
state_retention_file={folder}/retention
temp_file={folder}/temp
temp_path={folder}
check_result_path={folder}
lock_file={folder}/lock
query_socket={folder}/query
command_file={folder}/commands
check_external_commands=1
nagios_user={user}
nagios_group={group}
interval_length=1
use_syslog=0
daemon_dumps_core=0
"""

OBJECTS = """
define timeperiod {{
  timeperiod_name 24x7
  alias always
  sunday 00:00-24:00
  monday 00:00-24:00
  tuesday 00:00-24:00
  wednesday 00:00-24:00
  thursday 00:00-24:00
  friday 00:00-24:00
  saturday 00:00-24:00
}}
define command {{
  command_name read
  command_line {check}
}}
define command {{
  command_name fine
  command_line /bin/true
}}
define host {{
  host_name db-1
  address 127.0.0.1
  check_command fine
  max_check_attempts 1
  check_period 24x7
  notification_period 24x7
  contacts oncall
}}
define service {{
  host_name db-1
  service_description disk
  check_command read
  max_check_attempts 1
  check_interval 1
  retry_interval 1
  check_period 24x7
  notification_interval 0
  notification_period 24x7
  contacts oncall
}}
{guide}
"""


async def nagios(way: WayIn, kit: Kit) -> str:
    """CRITICAL, acknowledged by a line to its file of external commands, OK."""
    folder, state, commands = way.folder, way.folder / "state", way.folder / "commands"
    check = folder / "check.sh"
    check.write_text(f"#!/bin/sh\nread code words < {state}\necho $words\nexit $code\n")
    check.chmod(0o700)
    state.write_text("0 DISK OK - 20% used\n")
    (folder / "nagios.cfg").write_text(CONFIG.format(folder=folder, user=getpass.getuser(), group=folder.group()))
    (folder / "objects.cfg").write_text(OBJECTS.format(check=check, guide=pasted(way, "nagios")))
    async with started(f"{kit.folder}/usr/sbin/nagios4", f"{folder}/nagios.cfg", log=folder / "log", env=way.env):
        async with asyncio.timeout(20):
            while not commands.exists():
                await asyncio.sleep(0.1)
        state.write_text("2 DISK CRITICAL - 97% used\n")
        await way.sees("triggered", "disk on db-1", "critical")
        await asyncio.to_thread(commands.write_text, "[1767608100] ACKNOWLEDGE_SVC_PROBLEM;db-1;disk;1;1;0;ana;mine\n")
        await way.sees("acknowledged")
        state.write_text("0 DISK OK - 20% used\n")
        await way.sees("resolved")
    return "CRITICAL, acknowledgement, OK"


CLIENTS = [Client("Nagios with our guide (Debian)", "nagios", "nagios4-core", "nagios", nagios)]
