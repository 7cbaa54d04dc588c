import asyncio, pytest
@pytest.mark.timeout(30)
@pytest.mark.parametrize("n", range(25))
async def test_hang(start, n):
    for i in range(6):
        async with start() as r:
            pass
