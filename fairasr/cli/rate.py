"""Options of an audit of another rate than errors: which two columns, and what their ratio is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fairasr.core import Rate

PANEL = "Another rate than errors"


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """A rate of two columns of counts; fields as those of `fairasr.Rate`."""

    rate: Annotated[
        str | None,
        typer.Option(
            "--rate",
            metavar="NUMERATOR/DENOMINATOR",
            help="Audit the ratio of two columns of whole numbers, such as megaflop/duration_ms, instead of errors; no transcripts "
            "are needed.",
            rich_help_panel=PANEL,
        ),
    ] = None
    rate_name: Annotated[
        str | None,
        typer.Option("--rate-name", metavar="TEXT", help="What it is called in the report.", rich_help_panel=PANEL),
    ] = None
    rate_unit: Annotated[
        str | None,
        typer.Option("--rate-unit", metavar="TEXT", help="Its unit, such as Gflop/s.", rich_help_panel=PANEL),
    ] = None
    share: Annotated[
        bool,
        typer.Option("--share", help="The numerator is part of the denominator: show percent.", rich_help_panel=PANEL),
    ] = False

    def asked(self, *, of_texts: dict[str, bool]) -> Rate | None:
        """The rate, or None for errors; `of_texts` says which options about transcripts were given.

        Raises:
            typer.BadParameter: the rate is not two columns, or options were given that do not go together.
        """
        from fairasr.core import Rate
        from fairasr.core.errors import SchemaError

        if self.rate is None:
            given = {"--rate-name": self.rate_name, "--rate-unit": self.rate_unit, "--share": self.share}
            for option, value in given.items():
                if value:
                    raise typer.BadParameter("it belongs to a --rate NUMERATOR/DENOMINATOR, and none is given", param_hint=option)
            return None
        for option, is_given in of_texts.items():
            if is_given:
                raise typer.BadParameter("it is about transcripts, and a --rate is audited from counts", param_hint=option)
        columns = [column.strip() for column in self.rate.split("/")]
        if len(columns) != 2 or not all(columns):
            raise typer.BadParameter(f"{self.rate!r} is not NUMERATOR/DENOMINATOR, two columns", param_hint="--rate")
        numerator, denominator = columns
        try:
            return Rate(
                name=self.rate_name or f"{numerator} per {denominator}",
                numerator=numerator,
                denominator=denominator,
                unit=self.rate_unit or "",
                share=self.share,
            )
        except SchemaError as error:
            raise typer.BadParameter(str(error), param_hint="--rate") from None
