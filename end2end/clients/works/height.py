def height(place: str) -> str:
    """How high the water stands"""
    return f"41 cm at {place}"
