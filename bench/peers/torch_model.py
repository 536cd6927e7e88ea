"""DINOv2's vision transformer and its projection head in PyTorch, under the official names."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def attention(q, k, v):
    """Softmax attention over [batch, heads, tokens, width]; the fused one where there is one."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(-1) @ v


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, dim // self.heads)
        out = attention(*qkv.permute(2, 0, 3, 1, 4).unbind(0))
        return self.proj(out.transpose(1, 2).reshape(batch, tokens, dim))


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return self.gamma * x


class Block(nn.Module):
    def __init__(self, model):
        super().__init__()
        dim, eps = model["embedDim"], model["layerNormEps"]
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps), nn.LayerNorm(dim, eps)
        self.attn = Attention(dim, model["numHeads"])
        self.mlp = FeedForward(dim, model["ffnHidden"])
        self.ls1, self.ls2 = LayerScale(dim), LayerScale(dim)

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Backbone(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model, dim, patch = model, model["embedDim"], model["patchSize"]
        self.side = model["imgSize"] // patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.side**2, dim))
        if model["numRegisterTokens"] > 0:
            self.register_tokens = nn.Parameter(torch.zeros(1, model["numRegisterTokens"], dim))
        self.mask_token = nn.Parameter(torch.zeros(1, dim))
        self.patch_embed = PatchEmbed(dim, patch)
        self.blocks = nn.ModuleList(Block(model) for _ in range(model["depth"]))
        self.norm = nn.LayerNorm(dim, model["layerNormEps"])

    def positions(self, rows, cols):
        if rows == cols == self.side:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].unflatten(1, (self.side, self.side)).permute(0, 3, 1, 2)
        options = {"mode": "bicubic", "antialias": self.model["interpolateAntialias"]}
        offset = self.model["interpolateOffset"]
        if offset == 0:
            options["size"] = (rows, cols)
        else:
            options["scale_factor"] = tuple((n + offset) / self.side for n in (rows, cols))
        grid = F.interpolate(grid, **options).flatten(2).transpose(1, 2)
        return torch.cat([self.pos_embed[:, :1], grid], 1)

    def forward(self, images, masks=None):
        """Class tokens [crops, dim] and patch tokens [crops, patches, dim]."""
        rows, cols = (side // self.model["patchSize"] for side in images.shape[-2:])
        x = self.patch_embed(images)
        if masks is not None:
            x = torch.where(masks[..., None], self.mask_token.to(x.dtype), x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.positions(rows, cols)
        registers = self.model["numRegisterTokens"]
        if registers > 0:
            tokens = self.register_tokens.expand(len(x), -1, -1)
            x = torch.cat([x[:, :1], tokens, x[:, 1:]], 1)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return x[:, 0], x[:, 1 + registers:]


class WeightNormed(nn.Module):
    """A linear layer without bias whose rows have a length and a direction."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(outputs, 1))
        self.weight_v = nn.Parameter(torch.zeros(outputs, inputs))

    def forward(self, x):
        return F.linear(x, torch._weight_norm(self.weight_v, self.weight_g, 0))


class Head(nn.Module):
    def __init__(self, dim, method):
        super().__init__()
        hidden, bottleneck = method["hidden_dim"], method["dino_bottleneck_dim"]
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.last_layer = WeightNormed(bottleneck, method["output_dim"])

    def forward(self, x):
        return self.last_layer(F.normalize(self.mlp(x), dim=-1))


class Network(nn.Module):
    """A backbone and the one head of both losses."""

    def __init__(self, model, method):
        super().__init__()
        self.backbone, self.dino_head = Backbone(model), Head(model["embedDim"], method)
