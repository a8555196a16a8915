"""`outreach web`, `worker` and `schedule`: the processes that a Procfile names."""

import importlib

import click

from outreach.cli.context import CommandContext
from outreach.running import queue_worker
from outreach.running.web import serve


@click.command()
@click.pass_obj
def web(context: CommandContext) -> None:
    """Serve the pages until told to end."""
    serve(context.settings)


@click.command()
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@click.pass_obj
def worker(context: CommandContext, burst: bool) -> None:
    """Do what is due: launch, deliver, write back. Start as many as you like, anywhere."""
    queue_worker.work(context.settings, burst=burst)


@click.command()
@click.pass_obj
def schedule(context: CommandContext) -> None:
    """Ring for work whose time has come, and for what a lost bell left."""
    # By name, as queues do: the jobs stand above the command line.
    importlib.import_module("workers.schedule").run_schedule(context.settings)


commands: list[click.Command] = [web, worker, schedule]
