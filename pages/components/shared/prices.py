"""How money reads on screen. Pure."""

from __future__ import annotations

from orchestrator.schema.view import CostEstimate, TakeView


def money(usd: float) -> str:
    """US dollars; cents, or fractions of a cent where there are no whole ones."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.01 else f"${usd:.4f}"


def rate(usd: float) -> str:
    """US dollars a second, to a hundredth of a cent where it matters."""
    text = f"{usd:.4f}".rstrip("0")
    return f"${text if len(text.partition('.')[2]) >= 2 else f'{usd:.2f}'}"


def estimate_words(estimate: CostEstimate | None) -> str:
    """What making the clips that are left will cost and how that is known; empty when it costs nothing."""
    if estimate is None or not estimate.high_usd:
        return ""
    known = "as counted in this workspace" if estimate.is_from_history else "a guess until more were made here"
    return (
        f"About {money(estimate.likely_usd)}, between {money(estimate.low_usd)} and {money(estimate.high_usd)}; "
        f"{estimate.takes_per_clip:g} takes a clip, {known}"
    )


def shortfall_words(estimate: CostEstimate | None, *, left_usd: float | None) -> str:
    """Why a budget of which ``left_usd`` is left will not do, None being no budget; empty when it probably will."""
    if estimate is None or left_usd is None or estimate.likely_usd <= left_usd + 1e-9:
        return ""
    left = f"The budget leaves {money(left_usd)}"
    if estimate.low_usd > left_usd + 1e-9:
        return f"{left}, and at least {money(estimate.low_usd)} is needed."
    return f"{left}, and probably {money(estimate.likely_usd)} is needed."


def cost_words(take: TakeView) -> str:
    """What a take cost, marked as long as it is not known for sure; empty when it cost nothing."""
    return money(take.cost_usd) + ("" if take.is_cost_final else " estimated") if take.cost_usd else ""
